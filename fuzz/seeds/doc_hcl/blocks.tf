# comment
resource "aws_iam_role" "app" {
  name = "app-${var.env}" // tail
  tags = { a = 1, "b" : [true, null, -2.5e3] }
  assume_role_policy = jsonencode({ Statement = [for s in var.x : { Sid = s.id } if s.on] })
  dynamic "inline" {
    for_each = toset([%{ if true }"x"%{ endif }])
    content { text = <<-EOT
      line ${upper("a")}
      EOT
    }
  }
}
