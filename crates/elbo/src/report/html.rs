//! Text into HTML: escaped, encoded, put into the places of a template.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Text as it stands between tags and in quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// JSON as it stands in a `script` element, which nothing within may end.
pub(super) fn in_script(json: &str) -> String {
    json.replace('<', "\\u003c")
}

/// A PNG as an address that holds it.
pub(super) fn png(bytes: &[u8]) -> String {
    format!("data:image/png;base64,{}", base64(bytes))
}

pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Numbers as a page reads them: 32-bit floats, little-endian, in base64.
pub(super) fn floats<'a>(values: impl IntoIterator<Item = &'a f32>) -> String {
    let bytes: Vec<u8> = values.into_iter().flat_map(|value| value.to_le_bytes()).collect();
    base64(&bytes)
}

/// A template with each `{{name}}` replaced by what stands for the name. What is put in is not looked
/// at again, so no text can name a place.
pub(super) fn fill(template: &str, parts: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((name, after)) = after.split_once("}}") else { break };
        let part = parts.iter().find(|(part, _)| *part == name);
        filled.push_str(part.map_or("", |(_, text)| text));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The places of a template.
#[cfg(test)]
pub(super) fn places(template: &str) -> Vec<&str> {
    let after = template.split("{{").skip(1);
    after.filter_map(|rest| rest.split_once("}}").map(|(name, _)| name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_the_element_or_attribute_that_it_stands_in() {
        assert_eq!(
            escaped(r#"<a href="x">'&'</a>"#),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;"
        );
        let json = in_script(r#""</script><!--""#);
        assert!(!json.contains('<'));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), "</script><!--");
    }

    #[test]
    fn what_is_put_in_is_not_looked_at_again() {
        let parts = [("a", "{{b}}"), ("b", "2")];
        assert_eq!(fill("<{{a}}|{{b}}|{{gone}}>", &parts), "<{{b}}|2|>");
        assert_eq!(places("<{{a}}|{{b}}>"), ["a", "b"]);
    }

    #[test]
    fn floats_are_little_endian() {
        assert_eq!(floats(&[1.0]), "AACAPw==");
    }
}
