//! A headless Chromium that opens a page, is asked things, prints, and tells of every error in its console.
//!
//! It is driven by the DevTools protocol over two pipes, so neither a driver nor a port is needed. Source:
//! Chromium, `--remote-debugging-pipe`: commands on file descriptor 3, answers on 4, each ended by a zero.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tools::find_tool;

/// Width and height of the window in pixels.
pub const WINDOW: (u32, u32) = (1366, 900);

/// A browser with one page.
pub struct Browser {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    session: Option<String>,
    next_id: u64,
    complaints: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    /// Starts the browser with an empty page.
    pub fn start() -> Result<Self> {
        let program = find_tool("chromium").context("chromium: no such program")?;
        let profile = tempfile::tempdir()?;
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null",
        ]);
        command.arg(program);
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--remote-debugging-pipe",
        ]);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        command.arg("about:blank");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("starting chromium")?;
        let commands = child.stdin.take().context("no pipe to chromium")?;
        let answers = BufReader::new(child.stdout.take().context("no pipe from chromium")?);
        let mut browser = Self {
            child,
            commands,
            answers,
            session: None,
            next_id: 0,
            complaints: Vec::new(),
            _profile: profile,
        };
        browser.attach()?;
        Ok(browser)
    }

    fn attach(&mut self) -> Result<()> {
        let targets = self.call("Target.getTargets", json!({}))?;
        let infos = targets["targetInfos"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let page = infos
            .iter()
            .find(|info| info["type"] == "page")
            .context("chromium has no page")?;
        let attached = self.call(
            "Target.attachToTarget",
            json!({"targetId": page["targetId"], "flatten": true}),
        )?;
        self.session = Some(
            attached["sessionId"]
                .as_str()
                .context("no session")?
                .to_owned(),
        );
        for domain in [
            "Page.enable",
            "Runtime.enable",
            "Log.enable",
            "Network.enable",
        ] {
            self.call(domain, json!({}))?;
        }
        self.resize(WINDOW)
    }

    /// Gives the window another size.
    pub fn resize(&mut self, (width, height): (u32, u32)) -> Result<()> {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size)?;
        Ok(())
    }

    /// Pretends that the person prefers `light` or `dark`.
    pub fn prefer(&mut self, scheme: &str) -> Result<()> {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", features)?;
        Ok(())
    }

    /// Opens a file with what follows it (`?lang=fr#/machines`), and waits until it is loaded.
    pub fn open(&mut self, file: &Path, rest: &str) -> Result<()> {
        self.call("Page.navigate", json!({"url": "about:blank"}))?;
        self.wait_for("Page.loadEventFired")?;
        let url = format!("file://{}{rest}", file.display());
        self.call("Page.navigate", json!({"url": url}))?;
        self.wait_for("Page.loadEventFired")
    }

    /// Evaluates an expression, a promise too, and returns its value.
    pub fn ask(&mut self, expression: &str) -> Result<Value> {
        let what = json!({"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true});
        let answer = self.call("Runtime.evaluate", what)?;
        if !answer["exceptionDetails"].is_null() {
            bail!("{expression}: {}", answer["exceptionDetails"]);
        }
        Ok(answer["result"]["value"].clone())
    }

    /// As [`Self::ask`], for a text.
    pub fn text(&mut self, expression: &str) -> Result<String> {
        let value = self.ask(expression)?;
        Ok(value
            .as_str()
            .with_context(|| format!("{expression}: {value}"))?
            .to_owned())
    }

    /// Presses a key.
    pub fn press(&mut self, key: &str, code: u32) -> Result<()> {
        for kind in ["rawKeyDown", "keyUp"] {
            let event =
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", event)?;
        }
        Ok(())
    }

    /// Takes a picture of the window, or of all of the page.
    pub fn photograph(&mut self, is_all: bool) -> Result<Vec<u8>> {
        let answer = self.call(
            "Page.captureScreenshot",
            json!({"format": "png", "captureBeyondViewport": is_all}),
        )?;
        decoded(&answer["data"])
    }

    /// Prints the page as a PDF.
    pub fn print(&mut self) -> Result<Vec<u8>> {
        let paper = json!({"printBackground": true, "preferCSSPageSize": true});
        let answer = self.call("Page.printToPDF", paper)?;
        decoded(&answer["data"])
    }

    /// Returns every error and warning since the last call, and every request that left the page.
    pub fn complaints(&mut self) -> Result<Vec<String>> {
        // What was said before this answer has arrived with it.
        self.ask("1")?;
        Ok(std::mem::take(&mut self.complaints))
    }

    fn call(&mut self, method: &str, parameters: Value) -> Result<Value> {
        self.next_id += 1;
        let mut message = json!({"id": self.next_id, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = serde_json::to_vec(&message)?;
        bytes.push(0);
        self.commands.write_all(&bytes)?;
        self.commands.flush()?;
        loop {
            let answer = self.read()?;
            if answer["id"] == json!(self.next_id) {
                if !answer["error"].is_null() {
                    bail!("{method}: {}", answer["error"]);
                }
                return Ok(answer["result"].clone());
            }
        }
    }

    fn wait_for(&mut self, event: &str) -> Result<()> {
        while self.read()?["method"] != json!(event) {}
        Ok(())
    }

    fn read(&mut self) -> Result<Value> {
        let mut bytes = Vec::new();
        self.answers.read_until(0, &mut bytes)?;
        if bytes.pop() != Some(0) {
            bail!("chromium is gone");
        }
        let message: Value = serde_json::from_slice(&bytes)?;
        let parameters = &message["params"];
        match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => self
                .complaints
                .push(parameters["exceptionDetails"].to_string()),
            Some("Runtime.consoleAPICalled") => {
                self.complaints.push(parameters["args"].to_string())
            }
            Some("Log.entryAdded") => self.complaints.push(parameters["entry"].to_string()),
            Some("Network.requestWillBeSent") => {
                let url = parameters["request"]["url"].as_str().unwrap_or_default();
                let is_own = ["file:", "data:", "about:", "blob:"]
                    .iter()
                    .any(|own| url.starts_with(own));
                if !is_own {
                    self.complaints.push(format!("request of {url}"));
                }
            }
            _ => {}
        }
        Ok(message)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A browser that is gone already cannot be ended; nothing depends on it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn decoded(base64: &Value) -> Result<Vec<u8>> {
    let text = base64.as_str().context("no content")?;
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for value in text.bytes().filter_map(digit) {
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff)?);
        }
    }
    Ok(bytes)
}
