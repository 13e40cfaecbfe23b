//! `mendkit keygen`: makes a key pair.

use anyhow::Context as _;

use super::Outcome;
use crate::cli::KeygenArgs;
use crate::signing::generate_key;

/// Makes a key pair and says where it is and what to do with it.
pub fn run(args: &KeygenArgs) -> anyhow::Result<Outcome> {
    let password = if args.no_password {
        None
    } else {
        Some(ask_new_password()?)
    };
    let (public, public_path) =
        generate_key(&args.output, password).context("making a key pair")?;
    say!(
        " secret    {}   keep it where only you can read it",
        args.output.display()
    );
    say!(
        " public    {}   give it to everyone who checks sticks",
        public_path.display()
    );
    say!(" key       {}", public.base64());
    Ok(Outcome::Done)
}

fn ask_new_password() -> anyhow::Result<String> {
    let hint = "asking for a password (a key without one: --no-password)";
    let first = rpassword::prompt_password("New password: ").context(hint)?;
    let second = rpassword::prompt_password("The same again: ").context(hint)?;
    anyhow::ensure!(first == second, "the two passwords differ");
    anyhow::ensure!(
        !first.is_empty(),
        "the password is empty (a key without one: --no-password)"
    );
    Ok(first)
}
