#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use proptest::prelude::*;

use super::*;

fn root(text: &str) -> Node {
    parse(text).unwrap_or_else(|e| panic!("{e}: {text}")).roots.remove(0)
}

fn of(text: &str, span: Span) -> &str {
    text.get(span.start..span.end).unwrap()
}

#[test]
fn blocks_nest_by_their_labels_and_keep_their_places() {
    let text = "resource \"aws_iam_role\" \"ci\" {\n  name = \"deploy\" # who\n  inline_policy {}\n}\n\
                resource aws_iam_user bot { name = \"b\" }";
    let root = root(text);
    let body = root.entries()[0].1.at(&["aws_iam_role", "ci"]).unwrap();
    assert!(is_block(body) && is_block(body.get("inline_policy").unwrap()));
    let name = body.get("name").unwrap();
    assert_eq!((of(text, name.span), of(text, name.inner)), ("\"deploy\"", "deploy"));
    assert!(root.entries()[1].1.at(&["aws_iam_user", "bot", "name"]).is_some());
    let comments: Vec<&str> = parse(text).unwrap().comments.iter().map(|span| of(text, *span)).collect();
    assert_eq!(comments, ["# who"]);
}

#[test]
fn literals_are_plain_nodes_and_expressions_are_not() {
    let root = root(
        "a = 1.5e3\nb = true\nc = null\nd = -2\ne = \"x\\t\\\"\\u00e9$${y}\"\nf = [1, \"a\", ]\ng = { h = 1, \"i\" : 2\n j = 3 }\n\
         k = var.x[0].y\nl = 1 + 2\nm = !var.t\n",
    );
    let scalar = |key: &str| root.get(key).unwrap().scalar();
    assert_eq!(scalar("a").as_deref(), Some("1.5e3"));
    assert_eq!(scalar("b").as_deref(), Some("true"));
    assert!(matches!(root.get("c").unwrap().kind, Kind::Null));
    assert_eq!(scalar("d").as_deref(), Some("-2"));
    assert_eq!(scalar("e").as_deref(), Some("x\t\"é${y}"));
    assert_eq!(root.get("f").unwrap().items().len(), 2);
    let keys: Vec<&str> = root.get("g").unwrap().entries().iter().filter_map(|(k, _)| k.as_str()).collect();
    assert_eq!(keys, ["h", "i", "j"]);
    assert_eq!(reference(root.get("k").unwrap()), Some("var.x[0].y"));
    for key in ["k", "l", "m"] {
        assert!(scalar(key).is_none() && is_expression(root.get(key).unwrap()), "{key}");
    }
}

#[test]
fn templates_calls_conditionals_and_comprehensions_keep_their_parts() {
    let root = root(
        "a = \"repo:${var.org}/app:%{ if x }y%{ endif }\"\nb = \"${var.only}\"\nc = jsonencode({ A = [b(1...)] })\n\
         d = x ? 1 : 2\n",
    );
    let a = parts(root.get("a").unwrap()).unwrap();
    assert_eq!(a[0].as_str(), Some("repo:"));
    assert_eq!(reference(&a[1]), Some("var.org"));
    assert_eq!(a[2].as_str(), Some("/app:"));
    assert_eq!(reference(root.get("b").unwrap()), Some("var.only"));
    let (name, arguments) = call(root.get("c").unwrap()).unwrap();
    assert_eq!((name, arguments.len()), ("jsonencode", 1));
    assert!(conditional(root.get("d").unwrap()).is_some());
}

#[test]
fn what_real_modules_write_is_read() {
    for text in [
        "a = {\n  for k, v in var.users : k =>\n  local.x\n  ? { b = 1 }\n  : { b = 2 } if v != null\n}\n",
        "a = [\n  for s in var.x :\n  s.id\n  if s.on\n]",
        "a = { k = 1\n k = 2 }",
        "\u{feff}a = 1\r\nb = \"c\"\r\n",
        "a = var.x[*].id\nb = var.y.*.id\nc = var.z.0.id\n",
        "a = f(\n  1,\n  var.x...\n)\nb = provider::aws::arn_parse(x).account\n",
        "providers = { aws.us = aws.west }",
        "a = (\n  var.x\n  || var.y\n)\n",
        "a = <<-EOT\n  {\n    \"x\": \"${a.b}\"\n  }\n  EOT\n",
        "locals { a = \"${replace(var.x, \"https://\", \"\")}\" }",
        "a = try(jsondecode(x)[\"y\"], null)\nb = \"${a}-${b[\"c\"]}\"",
        "/* one */ a = 1 // two\n# three",
        "variable \"for\" { type = map(object({ a = optional(string, \"b\") })) }",
        "a = { for = 1 }",
        "é = 1",
    ] {
        root(text);
    }
}

#[test]
fn a_heredoc_is_a_text_with_the_place_of_its_content() {
    let text = "a = <<EOF\n{\"x\": 1}\n  EOFX\n  EOF\nb = 2\n";
    let root = root(text);
    let a = root.get("a").unwrap();
    assert_eq!(a.as_str(), Some("{\"x\": 1}\n  EOFX\n"));
    assert_eq!(of(text, a.inner), "{\"x\": 1}\n  EOFX\n");
    assert!(root.get("b").is_some());
}

#[test]
fn strings_of_the_json_syntax_are_templates() {
    let span = Span::new(3, 9);
    let node = template("x-${var.y}", span).unwrap();
    assert_eq!(parts(&node).unwrap()[1].span, span);
    assert_eq!(reference(&template("${aws_iam_role.x.arn}", span).unwrap()), Some("aws_iam_role.x.arn"));
    assert_eq!(template("plain \"quoted\" \\d", span).unwrap().as_str(), Some("plain \"quoted\" \\d"));
    assert!(template("${", span).is_none());
}

#[test]
fn what_is_no_hcl_is_an_error_with_its_place() {
    for (text, line, column) in [
        ("a = \n", 1, 5),
        ("a {\n", 2, 1),
        ("a = \"x\n", 1, 7),
        ("a = <<EOT\nx\n", 1, 5),
        ("{\"a\": 1}", 1, 1),
        ("a = [1 2]", 1, 8),
        ("\né = é(", 2, 7),
        ("a = 1 b = 2", 1, 7),
        ("a = \"${x\"", 1, 9),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{text:?}: {error}");
    }
}

#[test]
fn deep_and_long_input_ends_in_an_error_or_soon() {
    for open in ["[", "{a=", "(", "f(", "\"${", "x[", "a ? b : ", "-a?b:", "x ? (", "b {\n", "{for k,v in "] {
        let text = if open.starts_with('b') { open.repeat(50_000) } else { format!("a = {}", open.repeat(50_000)) };
        assert!(parse(&text).is_err(), "{open}");
    }
    for body in ["1,", "{},", "\"\",", "x.y,"] {
        assert!(parse(&format!("a = [{}]", body.repeat(20_000))).is_ok(), "{body}");
    }
    assert!(parse(&format!("a = {{\n{}}}", "k = 1\n".repeat(20_000))).is_ok());
    assert!(parse(&format!("a = 1{}", " + 1".repeat(20_000))).is_ok());
    assert!(parse(&format!("a = {}1", "-".repeat(100_000))).is_ok());
    assert!(parse(&format!("a = [{}]", "1,".repeat(1_100_000))).is_err(), "more nodes than are kept");
}

proptest! {
    #[test]
    fn any_text_gives_a_tree_or_an_error_and_spans_stay_inside(
        text in "[a-c=\\[\\]{}()\"$%~<\\-EOT\n.,:?*#/ 1é\\\\]{0,80}"
    ) {
        if let Ok(doc) = parse(&text) {
            for root in &doc.roots {
                root.walk(&mut |node| {
                    assert!(text.get(node.span.start..node.span.end).is_some());
                    assert!(text.get(node.inner.start..node.inner.end).is_some());
                });
            }
        }
    }
}
