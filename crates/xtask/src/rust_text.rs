//! Just enough of Rust's grammar to look at code without its comments and strings.
//!
//! A source is split into three texts of the same shape (same lines, same columns): code, comments, strings;
//! what belongs elsewhere is blank. Test items are known by `#[cfg(test)]`. This is no parser: it counts
//! braces, which is enough for sizes and forbidden words.

use std::ops::Range;

/// One Rust file, taken apart.
#[derive(Debug)]
pub(crate) struct RustText {
    pub(crate) code: String,
    pub(crate) comments: String,
    pub(crate) strings: String,
    /// Whether line `i` (from 0) belongs to a `#[cfg(test)]` item.
    test_lines: Vec<bool>,
    /// Names of modules declared `#[cfg(test)] mod name;`, whose files are tests.
    pub(crate) test_modules: Vec<String>,
}

/// A function with a body: its name and its lines, from the one with `fn` to the closing brace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) lines: Range<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Text,
}

impl RustText {
    pub(crate) fn parse(source: &str) -> Self {
        let chars: Vec<char> = source.chars().collect();
        let kinds = kinds_of(&chars);
        let view = |wanted: Kind| -> String {
            let keep = |(&c, &kind): (&char, &Kind)| if kind == wanted || c == '\n' { c } else { ' ' };
            chars.iter().zip(&kinds).map(keep).collect()
        };
        let (code, comments, strings) = (view(Kind::Code), view(Kind::Comment), view(Kind::Text));
        let (test_lines, test_modules) = find_tests(&code);
        Self { code, comments, strings, test_lines, test_modules }
    }

    /// Whether the line (from 0) belongs to a test item.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.test_lines.get(line).copied().unwrap_or(false)
    }

    /// How many lines are not tests.
    pub(crate) fn lines_outside_tests(&self) -> usize {
        self.code.lines().enumerate().filter(|(line, _)| !self.is_test_line(*line)).count()
    }

    /// Every function with a body, nested ones too.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let chars: Vec<char> = self.code.chars().collect();
        let mut found = Vec::new();
        let mut line = 0;
        for at in 0..chars.len() {
            if chars[at] == '\n' {
                line += 1;
            }
            if let Some((name, after)) = function_name_at(&chars, at)
                && let Some(end) = body_end(&chars, after)
            {
                let height = chars[at..end].iter().filter(|&&c| c == '\n').count() + 1;
                found.push(Function { name, lines: line..line + height });
            }
        }
        found
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Marks every character as code, comment or string.
fn kinds_of(chars: &[char]) -> Vec<Kind> {
    let mut kinds = vec![Kind::Code; chars.len()];
    let mut at = 0;
    while at < chars.len() {
        let (end, kind) = token_end(chars, at);
        let end = end.clamp(at + 1, chars.len());
        kinds[at..end].fill(kind);
        at = end;
    }
    kinds
}

/// Where the comment, string or single character of code that begins here ends, and which it is.
fn token_end(chars: &[char], at: usize) -> (usize, Kind) {
    let next = chars.get(at + 1).copied();
    match chars[at] {
        '/' if next == Some('/') => {
            (chars[at..].iter().position(|&c| c == '\n').map_or(chars.len(), |n| at + n), Kind::Comment)
        }
        '/' if next == Some('*') => (block_comment_end(chars, at), Kind::Comment),
        '"' => (quoted_end(chars, at + 1, '"'), Kind::Text),
        '\'' if next == Some('\\') => (quoted_end(chars, at + 1, '\''), Kind::Text),
        '\'' if chars.get(at + 2) == Some(&'\'') => (at + 3, Kind::Text),
        'r' => raw_string_end(chars, at).map_or((at + 1, Kind::Code), |end| (end, Kind::Text)),
        _ => (at + 1, Kind::Code),
    }
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

/// The index after the closing quote, from the first character inside.
fn quoted_end(chars: &[char], mut at: usize, quote: char) -> usize {
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// The end of a raw string whose `r` is here, if one is: `r"…"`, `r#"…"#`, also after `b` or `c`.
fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let prefix = at.checked_sub(1).map(|i| chars[i]);
    let before_prefix = at.checked_sub(2).map(|i| chars[i]);
    let begins = match prefix {
        Some('b' | 'c') => !before_prefix.is_some_and(is_word),
        Some(c) => !is_word(c),
        None => true,
    };
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    let open = at + 1 + hashes;
    if !begins || chars.get(open) != Some(&'"') {
        return None;
    }
    let closes = |i: usize| chars[i] == '"' && (1..=hashes).all(|n| chars.get(i + n) == Some(&'#'));
    Some((open + 1..chars.len()).find(|&i| closes(i)).map_or(chars.len(), |i| i + 1 + hashes))
}

/// The lines of `#[cfg(test)]` items, and the names of such modules in files of their own.
fn find_tests(code: &str) -> (Vec<bool>, Vec<String>) {
    let mut lines = vec![false; code.lines().count()];
    let mut modules = Vec::new();
    for mark in ["#[cfg(test)]", "#[cfg(all(test"] {
        for (start, _) in code.match_indices(mark) {
            let attribute_end = code[start..].find(']').map_or(code.len(), |n| start + n + 1);
            let end = item_end(code, attribute_end);
            let item = strip_attributes(&code[attribute_end..end]);
            if let Some(name) = item.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
                modules.push(name.trim().to_owned());
            }
            let first = code[..start].matches('\n').count();
            let last = code[..end].matches('\n').count();
            let last = last.min(lines.len().saturating_sub(1));
            lines[first..=last].fill(true);
        }
    }
    (lines, modules)
}

/// What follows the attributes and the visibility of an item.
fn strip_attributes(item: &str) -> &str {
    let mut item = item.trim();
    while item.starts_with("#[") {
        let Some(end) = item.find(']') else { return item };
        item = item[end + 1..].trim_start();
    }
    item.strip_prefix("pub(crate) ").or_else(|| item.strip_prefix("pub ")).unwrap_or(item)
}

/// The index after the item that begins at or after `start`: after its `;`, or its closing brace.
fn item_end(code: &str, start: usize) -> usize {
    let first_word = strip_attributes(&code[start..]);
    let ends_with_semicolon =
        ["use ", "const ", "static ", "let ", "type "].iter().any(|word| first_word.starts_with(word))
            && !first_word.starts_with("const fn ");
    let (mut braces, mut brackets) = (0_i32, 0_i32);
    for (at, c) in code[start..].char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces == 0 && brackets == 0 && !ends_with_semicolon {
                    return start + at + 1;
                }
            }
            ';' if braces == 0 && brackets == 0 => return start + at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The name of the function whose `fn` is here, and the index after it.
fn function_name_at(chars: &[char], at: usize) -> Option<(String, usize)> {
    let is_keyword = chars[at] == 'f'
        && chars.get(at + 1) == Some(&'n')
        && chars.get(at + 2).is_some_and(|c| c.is_whitespace())
        && !at.checked_sub(1).is_some_and(|i| is_word(chars[i]) || chars[i] == '#');
    if !is_keyword {
        return None;
    }
    let start = at + 2 + chars[at + 2..].iter().take_while(|c| c.is_whitespace()).count();
    let name: String = chars[start..].iter().take_while(|&&c| is_word(c) || c == '$').collect();
    let after = start + name.chars().count();
    (!name.is_empty()).then_some((name, after))
}

/// The index after the closing brace of the body that follows a function's name; none if it has no body.
fn body_end(chars: &[char], start: usize) -> Option<usize> {
    let (mut braces, mut brackets) = (0_i32, 0_i32);
    for (at, &c) in chars.iter().enumerate().skip(start) {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            ';' if braces == 0 && brackets == 0 => return None,
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces <= 0 && brackets == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_no_code() {
        let source =
            "let a = \"x.y()\"; // z.w()\nlet b = r#\"q \" q\"#; /* c /* d */ e */ f('\"', '\\'', b\"g\");\n";
        let text = RustText::parse(source);
        assert_eq!(text.code.split_whitespace().collect::<String>(), "leta=;letb=;f(,,b);");
        assert!(text.comments.contains("z.w()") && text.comments.contains("/* d */ e"));
        assert!(text.strings.contains("x.y()") && text.strings.contains("q \" q"));
    }

    #[test]
    fn lifetimes_are_no_characters() {
        let text = RustText::parse("fn f<'a>(x: &'a str) -> &'a str { x }");
        assert!(text.strings.trim().is_empty(), "{}", text.strings);
    }

    #[test]
    fn raw_identifiers_are_no_strings() {
        assert!(RustText::parse("let r#type = for_each; let r = 1;").strings.trim().is_empty());
    }

    #[test]
    fn test_items_are_found_and_code_after_them_is_not_a_test() {
        let source = "fn a() {}\n#[cfg(test)]\nuse x::{y, z};\n#[cfg(test)]\nmod tests {\n    fn t() {}\n}\nfn b() {}\n#[cfg(test)]\nmod far;\n";
        let text = RustText::parse(source);
        let tests: Vec<usize> = (0..10).filter(|line| text.is_test_line(*line)).collect();
        assert_eq!(tests, [1, 2, 3, 4, 5, 6, 8, 9]);
        assert_eq!(text.lines_outside_tests(), 2);
        assert_eq!(text.test_modules, ["far"]);
    }

    #[test]
    fn functions_are_measured_from_name_to_brace() {
        let source = "trait T {\n    fn none(&self, a: [u8; 4]);\n    fn some(&self) {\n        if x { y() }\n    }\n}\nconst P: fn(u8) = q;\n";
        let found = RustText::parse(source).functions();
        assert_eq!(found, [Function { name: "some".to_owned(), lines: 2..5 }]);
    }
}
