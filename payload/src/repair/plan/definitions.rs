//! Plans the installation of definitions: the whole set or nothing. Pure.

use rescue_stick::report::Verdict;

use super::Obstacle;
use crate::repair::detect::definitions::{DefinitionsFacts, DefinitionsPlace};
use crate::repair::detect::steps::Content;
use crate::repair::plan::step::{FileWrite, Step, WriteSource};
use crate::windows::path::WindowsPath;

pub(super) fn plan_definitions(
    facts: &DefinitionsFacts,
    kept: &WindowsPath,
) -> Result<Option<Step>, Obstacle> {
    let name = &facts.set_name;
    let Some(set) = &facts.set else {
        let advice = format!("no definitions {name} are at hand: use a stick that carries them");
        return Err((Verdict::Affected, vec![advice]));
    };
    let place = facts.place.as_ref().map_err(|reason| {
        let advice = format!("where definitions {name} go cannot be told: {reason}");
        (Verdict::NeedsYou, vec![advice])
    })?;
    if facts.is_installed() {
        return Ok(None);
    }
    if let Err(reason) = &facts.package {
        let advice = format!("the definitions on the stick cannot be used: {reason}");
        let help = "make the stick anew and start this PC from it".to_owned();
        return Err((Verdict::Refused, vec![advice, help]));
    }
    let members = set.members.iter().zip(&place.members);
    let writes = members.map(|(member, file)| FileWrite {
        target: file.path.clone(),
        before: file.content,
        kept: file.content.map(|_| file.path.below(kept)),
        source: WriteSource::Package(member.clone()),
        after: Content {
            size: member.size,
            sha256: member.sha256,
        },
        security_of: security_source(place, file.content.is_some(), &file.path),
    });
    let writes: Vec<FileWrite> = writes.collect();
    let had_any = writes.iter().any(|write| write.before.is_some());
    let word = facts.word;
    let stated = facts.stated.as_deref().unwrap_or("of unknown version");
    let files = if writes.len() == 1 {
        "1 file".to_owned()
    } else {
        format!("{} files", writes.len())
    };
    let (version, folder) = (&set.version, &place.folder);
    // An EXTRA.DAT goes beside what is there.
    let text = match had_any {
        true => [
            format!("replace  {word} {stated} by {version} in {folder}, {files}"),
            "undo: put the kept copies back".to_owned(),
        ],
        false => [
            format!("add      {word} {version} to {folder}, {files}"),
            "undo: remove them".to_owned(),
        ],
    };
    Ok(Some(Step {
        text: text.into(),
        package: Some(set.clone()),
        writes,
        moves: Vec::new(),
    }))
}

fn security_source(place: &DefinitionsPlace, is_there: bool, path: &WindowsPath) -> WindowsPath {
    if is_there {
        return path.clone();
    }
    place.neighbour.clone()
}
