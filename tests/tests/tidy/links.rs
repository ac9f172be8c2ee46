//! Links between the repository's pages and files: none leads nowhere.

use std::path::Path;

use crate::{collect, from_root, none, read, root};

#[test]
fn every_link_to_a_file_leads_to_one() {
    let mut pages = Vec::new();
    for folder in ["bench", "crates", "docs", "tests", "xtask"] {
        collect(&root().join(folder), "md", &mut pages);
    }
    let top = std::fs::read_dir(root()).expect("the workspace's folder can be listed");
    let top = top.map(|entry| entry.expect("a folder's entry can be read").path());
    pages.extend(top.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    pages.sort();
    assert!(pages.len() > 10, "only {} pages to be found", pages.len());

    let mut findings = Vec::new();
    for page in &pages {
        let folder = page.parent().unwrap_or(Path::new(""));
        for (target, line) in targets(&read(page)) {
            if !folder.join(&target).exists() {
                findings.push(format!(
                    "{}:{line}: there is no `{target}` from here; correct the link or take it out",
                    from_root(page)
                ));
            }
        }
    }
    none(&findings);
}

/// The files that a page links to, each with its line. What stands in code is no link, nor is a web
/// address, a place in the same page, or an item that rustdoc finds.
fn targets(page: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut inside = false;
    for (line, number) in page.lines().zip(1..) {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            let text = without_code(line);
            let inline = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
            let definition = text.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
            let all = inline.chain(definition.and_then(|(_, rest)| rest.split(' ').next()));
            let files = all.filter(|target| !target.contains(':'));
            let paths = files.filter_map(|target| target.split('#').next());
            found.extend(paths.filter(|path| !path.is_empty()).map(|path| (path.into(), number)));
        }
    }
    found
}

/// A line without what stands between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

#[test]
fn a_link_is_told_from_code_addresses_and_items() {
    let page = "[a](b.md#c), [d](../e) and `[f](g)`\n```\n[h](i)\n```\n\
        [j](https://k), [l](#m), [n](o::P)\n[q]: r.md\n[`s`](t)";
    let expected = [("b.md", 1), ("../e", 1), ("r.md", 6), ("t", 7)];
    assert_eq!(targets(page), expected.map(|(target, line)| (target.to_string(), line)));
}
