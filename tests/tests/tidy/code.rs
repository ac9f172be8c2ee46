//! What of a Rust file is code: comments and what stands in quotes become blanks, lines stay lines.

/// Where the reader is.
enum Place {
    Code,
    LineComment,
    /// How deep; block comments nest.
    BlockComment(usize),
    Quotes,
    /// How many `#` end it.
    RawQuotes(usize),
}

/// The source with comments and strings blanked out.
pub(crate) fn only(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut place = Place::Code;
    let mut at = 0;
    let follows = |at: usize, text: &str| {
        text.chars().enumerate().all(|(offset, c)| chars.get(at + offset) == Some(&c))
    };
    while at < chars.len() {
        // How many characters this turn reads, and whether they are code.
        let (length, shown) = match place {
            Place::Code if follows(at, "//") => {
                place = Place::LineComment;
                (2, false)
            }
            Place::Code if follows(at, "/*") => {
                place = Place::BlockComment(1);
                (2, false)
            }
            Place::Code if chars[at] == '"' => {
                place = match raw_hashes(&chars[..at]) {
                    Some(hashes) => Place::RawQuotes(hashes),
                    None => Place::Quotes,
                };
                (1, false)
            }
            Place::Code => match character_literal(&chars[at..]) {
                Some(length) => (length, false),
                None => (1, true),
            },
            Place::LineComment => {
                if chars[at] == '\n' {
                    place = Place::Code;
                }
                (1, false)
            }
            Place::BlockComment(depth) if follows(at, "/*") => {
                place = Place::BlockComment(depth + 1);
                (2, false)
            }
            Place::BlockComment(depth) if follows(at, "*/") => {
                place = if depth == 1 { Place::Code } else { Place::BlockComment(depth - 1) };
                (2, false)
            }
            Place::Quotes if chars[at] == '\\' => (2, false),
            Place::Quotes if chars[at] == '"' => {
                place = Place::Code;
                (1, false)
            }
            Place::RawQuotes(hashes) if follows(at, &format!("\"{}", "#".repeat(hashes))) => {
                place = Place::Code;
                (1 + hashes, false)
            }
            Place::BlockComment(_) | Place::Quotes | Place::RawQuotes(_) => (1, false),
        };
        let end = (at + length).min(chars.len());
        for c in &chars[at..end] {
            code.push(if shown || *c == '\n' { *c } else { ' ' });
        }
        at = end;
    }
    code
}

/// The number of `#` between an `r` (or `br`) and the quote that follows `before`.
fn raw_hashes(before: &[char]) -> Option<usize> {
    let hashes = before.iter().rev().take_while(|c| **c == '#').count();
    let mut rest = before[..before.len() - hashes].iter().rev();
    let raw = rest.next() == Some(&'r');
    let mut previous = rest.next();
    if previous == Some(&'b') {
        previous = rest.next();
    }
    let starts = previous.is_none_or(|c| !c.is_alphanumeric() && *c != '_');
    (raw && starts).then_some(hashes)
}

/// The length of a literal such as `'a'` or `'\n'` at the start; a lifetime is none.
fn character_literal(chars: &[char]) -> Option<usize> {
    match chars {
        ['\'', '\\', _, rest @ ..] => Some(4 + rest.iter().position(|c| *c == '\'')?),
        ['\'', _, '\'', ..] => Some(3),
        _ => None,
    }
}

/// Whether a line of code has a word that is not part of a longer one.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        !line[..start].ends_with(part) && !line[start + word.len()..].starts_with(part)
    })
}

#[test]
fn comments_and_quotes_are_blank_and_code_is_not() {
    let cases = [
        ("a // b\nc", "a     \nc"),
        ("a /* b /* c */ d */ e", "a                   e"),
        (r#"f("//", "\"") g"#, r"f(    ,     ) g"),
        ("r#\"\"x\"#y", "r#     y"),
        ("'\"' 'a '\\'' b", "    'a      b"),
        ("for\"x\" y", "for    y"),
    ];
    for (source, code) in cases {
        assert_eq!(only(source), code, "{source}");
    }
    assert!(has_word("x unsafe{", "unsafe") && !has_word("unsafe_code", "unsafe"));
}
