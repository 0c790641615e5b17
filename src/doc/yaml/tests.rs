//! What a YAML tree holds, and that both readers make the same one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use proptest::prelude::*;

fn root(text: &str) -> Node {
    parse(text).unwrap().roots.into_iter().next().unwrap()
}

fn inner<'a>(text: &'a str, node: &Node) -> &'a str {
    &text[node.inner.start..node.inner.end]
}

fn whole<'a>(text: &'a str, node: &Node) -> &'a str {
    &text[node.span.start..node.span.end]
}

#[test]
fn quoted_scalars_keep_their_quotes_in_the_span_and_lose_them_inside() {
    let text = "a: 'it''s'\nb: \"x\\ty\"\nc: plain # note\n";
    let doc = root(text);
    let a = doc.get("a").unwrap();
    assert_eq!((whole(text, a), inner(text, a), a.as_str()), ("'it''s'", "it''s", Some("it's")));
    let b = doc.get("b").unwrap();
    assert_eq!((whole(text, b), inner(text, b), b.as_str()), ("\"x\\ty\"", "x\\ty", Some("x\ty")));
    assert_eq!(whole(text, doc.get("c").unwrap()), "plain");
}

#[test]
fn spans_count_bytes_past_a_byte_order_mark_and_carriage_returns() {
    let text = "\u{feff}é: |\r\n    one ü\r\n    two\r\n\r\nz: last\r\n";
    let doc = root(text);
    let (key, value) = doc.entry("é").unwrap();
    assert_eq!(whole(text, key), "é");
    assert_eq!(inner(text, value), "one ü\r\n    two");
    assert_eq!(value.as_str(), Some("one ü\ntwo\n"));
    assert_eq!(whole(text, doc.get("z").unwrap()), "last");
}

#[test]
fn a_block_scalar_ends_with_its_last_line_of_text() {
    let text = "a:\n  b: >-\n    x  \n    y  \n\n  c: 1\n";
    let doc = root(text);
    assert_eq!(inner(text, doc.at(&["a", "b"]).unwrap()), "x  \n    y  ");
}

#[test]
fn collections_span_their_first_to_their_last_byte() {
    let text = "a:\n  - x\n  - k: v\n\n# far\nb: {c: [1, 2] }\n";
    let doc = root(text);
    assert_eq!(whole(text, doc.get("a").unwrap()), "- x\n  - k: v");
    assert_eq!(whole(text, doc.get("b").unwrap()), "{c: [1, 2] }");
}

#[test]
fn plain_scalars_resolve_by_the_core_schema_and_not_by_yaml_1_1() {
    let doc =
        root("on: yes\nt: true\nn: ~\ne:\ni: -12\nf: 1.5e3\no: 0o17\nh: 0xFf\nv: 1.2.3\nd: 12-31\nq: '1'\nx: e5\n");
    assert_eq!(doc.get("on").unwrap().as_str(), Some("yes"));
    assert_eq!(doc.get("t").unwrap().as_bool(), Some(true));
    for key in ["n", "e"] {
        assert!(matches!(doc.get(key).unwrap().kind, Kind::Null), "{key}");
    }
    for key in ["i", "f", "o", "h"] {
        assert!(matches!(doc.get(key).unwrap().kind, Kind::Number(_)), "{key}");
    }
    for key in ["v", "d", "q", "x"] {
        assert!(doc.get(key).unwrap().as_str().is_some(), "{key}");
    }
}

#[test]
fn aliases_show_the_bytes_of_their_anchor() {
    let text = "a: &x {k: v}\nb: *x\n";
    let doc = root(text);
    let alias = doc.get("b").unwrap();
    assert_eq!(alias.get("k").unwrap().as_str(), Some("v"));
    assert_eq!(whole(text, alias), "{k: v}");
}

#[test]
fn merge_keys_never_win_over_a_mappings_own_keys() {
    let text = "a: &a {x: 1, y: 1, z: 1}\nb: &b {y: 2, w: 2}\nc:\n  x: 3\n  <<: [*b, *a]\n'<<': kept\n";
    let doc = root(text);
    let c = doc.get("c").unwrap();
    let value = |key| c.get(key).and_then(Node::scalar);
    assert_eq!(value("x").as_deref(), Some("3"));
    assert_eq!(value("y").as_deref(), Some("2"), "an earlier mapping of the list wins over a later one");
    assert_eq!(value("z").as_deref(), Some("1"));
    assert_eq!(value("w").as_deref(), Some("2"));
    assert_eq!(c.entries().len(), 4);
    assert_eq!(doc.get("<<").unwrap().as_str(), Some("kept"), "a quoted key is an ordinary key");
}

#[test]
fn duplicate_keys_are_kept_and_the_last_is_the_one_got() {
    let doc = root("a: 1\na: 2\n");
    assert_eq!(doc.entries().len(), 2);
    assert_eq!(doc.get("a").and_then(Node::scalar).as_deref(), Some("2"));
}

#[test]
fn tags_documents_and_comments_are_kept() {
    let text = "# top\na: !Ref x # right\n---\n- !!str 1\n";
    let doc = parse(text).unwrap();
    assert_eq!(doc.roots.len(), 2);
    assert_eq!(doc.roots[0].get("a").unwrap().tag.as_deref(), Some("!Ref"));
    assert_eq!(doc.roots[1].items()[0].as_str(), Some("1"));
    let comments: Vec<&str> = doc.comments.iter().map(|c| &text[c.start..c.end]).collect();
    assert_eq!(comments, ["# top", "# right"]);
}

#[test]
fn errors_carry_the_place() {
    let error = parse("a: 1\nb: [1, 2\nc: 3\n").unwrap_err();
    assert!(error.line >= 2, "{error}");
    let error = parse("a: 1\nb: *nowhere\n").unwrap_err();
    assert_eq!((error.line, error.column), (2, 4), "{error}");
    let error = parse("a: 1\nbé: &x [*x]\n").unwrap_err();
    assert_eq!((error.line, error.column), (2, 9), "{error}");
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for i in 1..12 {
        let refs = vec![format!("*a{}", i - 1); 10].join(",");
        text.push_str(&format!("a{i}: &a{i} [{refs}]\n"));
    }
    assert!(parse(&text).unwrap_err().message.contains("too many nodes"));
    let long = format!("a: &a {}\nb: [{}]\n", "y".repeat(1 << 20), vec!["*a"; 100].join(","));
    assert!(parse(&long).unwrap_err().message.contains("too much text"));
}

#[test]
fn nesting_is_bounded_in_every_form() {
    let flow = "[".repeat(100_000);
    assert!(parse(&flow).is_err());
    let block = (0..2_000).map(|i| format!("{}k:\n", " ".repeat(i))).collect::<String>();
    assert!(parse(&block).is_err());
    let dashes = format!("{}x", "- ".repeat(5_000));
    assert!(parse(&dashes).is_err());
    // Each alias stays shallow where it is written; only their expansion is deep.
    let mut chain = String::from("a0: &a0 [x]\n");
    for i in 1..300 {
        chain.push_str(&format!("a{i}: &a{i} [*a{}]\n", i - 1));
    }
    assert!(parse(&chain).unwrap_err().message.contains("deep"));
    assert!(parse(&format!("{}x{}", "[".repeat(100), "]".repeat(100))).is_ok());
}

fn check(text: &str) {
    let Ok(doc) = parse(text) else { return };
    let fits = |span: Span| {
        assert!(span.start <= span.end && span.end <= text.len(), "{span:?} of {text:?}");
        assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{span:?} of {text:?}");
    };
    doc.comments.iter().for_each(|c| fits(*c));
    for root in &doc.roots {
        root.walk(&mut |node| {
            fits(node.span);
            fits(node.inner);
            assert!(node.span.contains(node.inner));
        });
    }
}

proptest! {
    #[test]
    fn parsing_is_total_on_any_text(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn parsing_is_total_on_text_made_of_yaml_marks(
        parts in proptest::collection::vec(
            prop::sample::select(vec![
                "a", "é", ": ", ":", "- ", "\n", "\r\n", "  ", "&x ", "*x", "<<: *x\n", "'", "\"", "\\", "|", ">-",
                "\n  ", "[", "]", "{", "}", ",", "? ", "# c", "!t ", "!", "---\n", "...\n", "%", "\t", "\u{feff}", "~", "@",
            ]),
            0..40,
        )
    ) {
        check(&parts.concat());
    }

    #[test]
    fn a_written_value_is_where_its_span_says(
        pairs in proptest::collection::btree_map("[a-z]{1,8}", "[a-zA-Z][a-zA-Z0-9 é]{0,12}[a-z]", 1..8)
    ) {
        let text: String = pairs.iter().map(|(k, v)| format!("{k}: {v}\n")).collect();
        for (key, value) in root(&text).entries() {
            prop_assert_eq!(key.scalar().unwrap(), &text[key.span.start..key.span.end]);
            if let Some(value_text) = value.as_str() {
                prop_assert_eq!(value_text, &text[value.inner.start..value.inner.end]);
            }
        }
    }
}

/// Whether both readers make one tree, where the plain one takes the text at all.
fn agrees(text: &str) -> bool {
    let same = |a: &Doc, b: &Doc| format!("{a:?}") == format!("{b:?}");
    plain::parse(text).is_none_or(|doc| full(text).is_ok_and(|all| same(&all, &doc)))
}

#[test]
fn what_people_write_is_read_without_the_full_parser() {
    let text = "---\n# top\non:  # when\n  push:\n    branches: [main, \"rel/*\", {a: b}]\n  call:\njobs:\n  a-b:\n    \
                if: ${{ github.ref == 'x' }}\n    steps:\n    - uses: a/b@v1 # pin\n      with: {x: 'it''s', y: 1}\n    -\n      \
                run: |\n        one\n          two\n\n        three  \n    - run: >-\n        a\n        b\n\n        c\n    \
                - - x\n      - \"q\\n\"\nlast: |+\n  é\n\n";
    assert!(plain::parse(text).is_some());
    assert!(agrees(text));
    for other in
        ["a: &x 1\nb: *x\n", "a: !t 1\n", "a: b\n  c\n", "a: [b,\n  c]\n", "a: \"b\n  c\"\n", "a:\tb\n", "a: b\r\n"]
    {
        assert!(plain::parse(other).is_none(), "{other}");
    }
}

#[test]
fn places_that_only_the_full_parser_tells_are_left_to_it() {
    for text in [
        "- # c\n- b\n",
        "- \n- b\n",
        "a:\n- # c\n  b: 1\n",
        "a:\n-\n  b: 1\n-\n  c: 2\n",
        "a:\n- |\n  x\n",
        "a:\n-\n- b\n",
        "a: b: c\n",
        "a: b\nc\n",
        "a: 'b' c\n",
        "a : b\n",
        "<<: x\n",
        "a: >\n    x\n   y\n",
        "a: |\n  x",
        "? a\n: b\n",
        "a: |2\n   x\n",
        "a: [b, c: d]\n",
        "a: {b}\n",
        "a: [${{ x }}]\n",
        "a: 1\n---\nb: 2\n",
        "a:\n  b: 1\n c: 2\n",
        "'a': 'b'\n\"c\": [ ]\n",
    ] {
        assert!(agrees(text), "{text:?}");
    }
}

proptest! {
    #[test]
    fn both_readers_make_the_same_tree(
        lines in proptest::collection::vec(
            (
                0usize..4,
                prop::sample::select(vec![
                    "a: b", "a:", "- a", "-", "- a: b", "- - c", "key: |", "key: >-", "k: [a, 'b', {c: d}]", "# c", "", "x: 'it''s' # c",
                    "\"q\": \"a\\tb\"", "n: 0x1F", "e: ~", "run: a: b", "text # no", "k: {a: b, }", "---", "- # c", "u: é \u{1f511}",
                    "- &x a", "<<: *x", "k: 'open", "k: [open", "  - |", "v: ${{ x }}", "...", "k: a #b", "k:v", "? k", "-\t a", "k: \"\"",
                ]),
                prop::sample::select(vec!["\n", "\n", "\n", "\n\n", " \n", "\r\n", ""]),
            ),
            0..14,
        )
    ) {
        let text: String = lines.iter().map(|(indent, line, end)| format!("{}{line}{end}", "  ".repeat(*indent))).collect();
        prop_assert!(agrees(&text), "{:?}", text);
    }
}
