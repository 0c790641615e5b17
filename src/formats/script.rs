//! Shell scripts in pipelines and manifests, as far as they tell of credentials: the variables they read, the logins they
//! make, and what they should not do. No shell is run and none is parsed whole: a script is read command by command.

mod command;
mod login;
mod options;
mod reader;
mod remote;
mod settings;
pub(in crate::formats) use settings::EVERY_SECRET;

use std::collections::HashSet;
use std::ops::Range;

use crate::model::AuthMode;

/// One thing that a script tells; `part` is its bytes in the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A variable is read: `$NAME`, `${NAME}`, `$env:NAME`.
    Variable {
        /// Its name.
        name: String,
        /// Where.
        part: Range<usize>,
    },
    /// A login at a provider.
    Login {
        /// How.
        mode: AuthMode,
        /// Where to.
        provider: &'static str,
        /// The command, in its own words: `aws sts assume-role-with-web-identity`.
        command: &'static str,
        /// The identity taken on, when it is written out.
        target: Option<String>,
        /// Where.
        part: Range<usize>,
    },
    /// What it should not do; see [`crate::model::setting`].
    Setting {
        /// The word for it.
        name: &'static str,
        /// How it is done, never secret.
        value: String,
        /// Where.
        part: Range<usize>,
    },
}

/// What a script tells: the variables that it does not set itself in order, then logins and settings in order.
#[must_use]
pub fn read(script: &str) -> Vec<Seen> {
    let mut seen = Vec::new();
    let commands = reader::read(script);
    let own = own_variables(&commands);
    variables(script, &mut seen);
    seen.retain(|seen| !matches!(seen, Seen::Variable { name, .. } if own.contains(name.as_str())));
    commands.commands.iter().for_each(|command| login::read(&commands, command, &mut seen));
    settings::read(script, &commands, &mut seen);
    seen
}

/// What a script should not do, in order: the settings of [`read`] alone.
#[must_use]
pub fn settings(script: &str) -> Vec<Seen> {
    let mut seen = Vec::new();
    settings::read(script, &reader::read(script), &mut seen);
    seen
}

/// The commands of a script: the name of the program, in small letters and without directories, empty where none runs; and
/// what stands behind it.
#[must_use]
pub fn commands(script: &str) -> Vec<(String, Vec<String>)> {
    let script = reader::read(script);
    let each = script.commands.iter().map(|command| {
        let words: Vec<String> = command.arguments().iter().map(|word| word.text.clone()).collect();
        (command.name().to_owned(), words)
    });
    each.collect()
}

/// The variables that a script sets, unless it only gives one a default (`X=${X:-y}`).
fn own_variables(script: &command::Script) -> HashSet<&str> {
    let mut own = HashSet::new();
    for command in &script.commands {
        let assigned = command.words.iter().filter_map(|word| command::assignment(&word.text));
        own.extend(assigned.filter(|(name, value)| !value.contains(name)).map(|(name, _)| name));
        // `for X in …`, `read X`.
        let takes = matches!(command.words.first().map(|word| word.text.as_str()), Some("for" | "read"));
        own.extend(command.words.iter().skip(1).take(if takes { 4 } else { 0 }).map(|word| word.text.as_str()));
    }
    own
}

fn variables(script: &str, seen: &mut Vec<Seen>) {
    let bytes = script.as_bytes();
    for dollar in memchr::memchr_iter(b'$', bytes) {
        let mut start = dollar + 1;
        if bytes.get(start) == Some(&b'{') {
            start += 1;
        }
        if bytes.get(start..start + 4).is_some_and(|word| word.eq_ignore_ascii_case(b"env:")) {
            start += 4;
        }
        let name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        let end = start + bytes.get(start..).unwrap_or_default().iter().take_while(|b| name(b)).count();
        if end > start && !bytes.get(start).is_some_and(u8::is_ascii_digit) {
            seen.push(Seen::Variable { name: script[start..end].to_owned(), part: dollar..end });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::setting;

    #[test]
    fn variables_are_read_in_each_shells_form() {
        let script = "a $TOKEN ${KEY:-x} $env:PASSWORD $1 $$ $(date)";
        let names: Vec<String> = read(script)
            .into_iter()
            .filter_map(|seen| match seen {
                Seen::Variable { name, .. } => Some(name),
                _ => None,
            })
            .collect();
        assert_eq!(names, ["TOKEN", "KEY", "PASSWORD"]);
    }

    #[test]
    fn what_a_script_sets_itself_comes_from_nowhere_else() {
        let of = |script: &str| read(script).iter().filter(|seen| matches!(seen, Seen::Variable { .. })).count();
        assert_eq!(of("TOKEN=$(get)\nuse $TOKEN"), 0);
        assert_eq!(of("export A=b; c $A"), 0);
        assert_eq!(of("for KEY in a b; do c $KEY; done"), 0);
        assert_eq!(of("TOKEN=${TOKEN:-x}\nuse $TOKEN"), 2);
    }

    fn settings(script: &str) -> Vec<(&'static str, String)> {
        let setting = |seen| match seen {
            Seen::Setting { name, value, .. } => Some((name, value)),
            _ => None,
        };
        read(script).into_iter().filter_map(setting).collect()
    }

    fn logins(script: &str) -> Vec<(AuthMode, &'static str, &'static str, Option<String>)> {
        let login = |seen| match seen {
            Seen::Login { mode, provider, command, target, .. } => Some((mode, provider, command, target)),
            _ => None,
        };
        read(script).into_iter().filter_map(login).collect()
    }

    #[track_caller]
    fn one(script: &str, name: &str, value: &str) {
        let found = settings(script);
        let found: Vec<(&str, &str)> = found.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(found, [(name, value)], "{script}");
    }

    #[test]
    fn what_the_network_sends_and_is_run_is_told_with_its_address() {
        for (script, address) in [
            ("curl -fsSL https://get.acme.test/i.sh | sudo bash -s -- -b /usr/bin", "https://get.acme.test/i.sh"),
            ("curl -sSL \\\n  https://u:p@acme.test/i?x=1 \\\n  | sh", "https://acme.test/i"),
            ("wget -qO- https://acme.test/i | python3 -", "https://acme.test/i"),
            ("bash <(curl -s https://acme.test/bash)", "https://acme.test/bash"),
            ("bash -c \"$(curl -fsSL https://acme.test/i)\"", "https://acme.test/i"),
            ("eval \"$(curl -s https://acme.test/i)\"", "https://acme.test/i"),
            ("curl -o i.sh https://acme.test/i.sh\nchmod +x i.sh && ./i.sh", "https://acme.test/i.sh"),
            ("curl -O https://acme.test/get.py; python3 get.py", "https://acme.test/get.py"),
            ("wget https://acme.test/x/run.sh && bash run.sh", "https://acme.test/x/run.sh"),
            ("iwr -useb https://acme.test/i.ps1 | iex", "https://acme.test/i.ps1"),
            (
                "iex ((New-Object System.Net.WebClient).DownloadString('https://acme.test/i.ps1'))",
                "https://acme.test/i.ps1",
            ),
            ("if true; then curl $URL | sh; fi", "curl of an address in a variable"),
        ] {
            one(script, setting::REMOTE_SCRIPT, address);
        }
        for script in [
            "curl -s https://acme.test/x | jq .",
            "curl -s https://acme.test/x | python3 -c 'import json'",
            "curl -s https://acme.test/x | python3 -m json.tool",
            "curl -s https://acme.test/x.tgz | tar xz",
            "curl -o i.sh https://acme.test/i.sh\nsha256sum -c i.sha\nbash i.sh",
            "curl -s https://raw.acme.test/o/r/0123456789012345678901234567890123456789/i.sh | bash",
            "curl -s http://localhost:8080/i.sh | bash",
            "# curl https://acme.test/i | sh",
            "bash -c \"test $(curl -s https://acme.test/version) = 1\"",
            "eval $(ssh-agent -s)",
            "echo 'curl https://acme.test/i | sh'",
            "bash build.sh",
        ] {
            assert_eq!(settings(script), [], "{script}");
        }
    }

    #[test]
    fn secrets_that_go_to_the_log_are_told() {
        for (script, value) in [
            ("echo \"token: $NPM_TOKEN\"", "echo: NPM_TOKEN"),
            ("echo ${{ secrets.DEPLOY }}", "echo: DEPLOY"),
            ("echo \"${{ toJSON(secrets) }}\" > all.json; echo ${{ToJson( secrets )}}", "echo: every secret"),
            ("printf '%s' \"${DB_PASSWORD}\" >&2", "printf: DB_PASSWORD"),
            ("Write-Host $env:API_KEY", "write-host: API_KEY"),
            ("printenv", "printenv: every variable"),
            ("printenv API_TOKEN", "printenv: API_TOKEN"),
            ("set -ex\nlogin --key $API_KEY\nx $API_KEY", "set -x: API_KEY"),
            ("curl -sv -H \"Authorization: Bearer $TOKEN\" https://acme.test", "curl -v: TOKEN"),
        ] {
            one(script, setting::ECHO, value);
        }
        for script in [
            "echo '$NPM_TOKEN'",
            "echo \"//registry.npmjs.org/:_authToken=$NPM_TOKEN\" > ~/.npmrc",
            "{\n  echo a=$TOKEN\n  echo b\n} >> \"$GITHUB_ENV\"",
            "echo $TOKEN | docker login -u x --password-stdin",
            "x=$(echo $TOKEN | base64)",
            "echo \"::add-mask::$TOKEN\"",
            "echo ${#TOKEN} ${TOKEN:+set} $TOKEN_FILE $CACHE_KEY $PUBLIC_KEY",
            "TOKEN=test\necho $TOKEN",
            "printenv | sort > x",
            "env FOO=bar make",
            "set -x\nmake\nset +x\nlogin $TOKEN",
            "set -euo pipefail\nlogin $TOKEN",
            "curl -s -H \"Authorization: Bearer $TOKEN\" https://acme.test",
            "echo ${{ secrets.AWS_REGION }}",
        ] {
            assert_eq!(settings(script), [], "{script}");
        }
    }

    #[test]
    fn certificates_that_nobody_checks_are_told() {
        for (script, value) in [
            ("curl -sSLk https://acme.test/x", "curl --insecure"),
            ("curl --insecure https://acme.test/x", "curl --insecure"),
            ("wget --no-check-certificate https://acme.test/x", "wget --no-check-certificate"),
            ("git -c http.sslVerify=false clone https://acme.test/x", "git http.sslVerify=false"),
            ("git config --global http.sslVerify false", "git http.sslVerify=false"),
            ("export GIT_SSL_NO_VERIFY=1", "GIT_SSL_NO_VERIFY=true"),
            ("NODE_TLS_REJECT_UNAUTHORIZED=0 node x.js", "NODE_TLS_REJECT_UNAUTHORIZED=0"),
            ("ssh -o StrictHostKeyChecking=no a@b", "StrictHostKeyChecking=no"),
            ("echo -e \"Host *\\n\\tStrictHostKeyChecking no\\n\" > ~/.ssh/config", "StrictHostKeyChecking=no"),
            ("npm config set strict-ssl false", "npm strict-ssl=false"),
        ] {
            one(script, setting::TLS_OFF, value);
        }
        for script in [
            "curl -o -k https://acme.test",
            "curl -H k https://acme.test",
            "curl -k https://localhost:8443/health",
            "git config http.sslVerify true",
            "ssh -o StrictHostKeyChecking=accept-new a@b",
            "ssh -o StrictHostKeyChecking=yes a@b",
        ] {
            assert_eq!(settings(script), [], "{script}");
        }
    }

    #[test]
    fn installs_logins_and_plain_http_are_told() {
        one("npm ci", setting::INSTALL_SCRIPTS, "npm ci");
        one("cd web && yarn --frozen-lockfile", setting::INSTALL_SCRIPTS, "yarn");
        one("pnpm install", setting::INSTALL_SCRIPTS, "pnpm install");
        for script in
            ["npm ci --ignore-scripts", "yarn build", "npm run x", "export npm_config_ignore_scripts=true\nnpm ci"]
        {
            assert_eq!(settings(script), [], "{script}");
        }
        one(
            "gcloud auth activate-service-account --key-file k.json",
            setting::SCRIPT_LOGIN,
            "gcloud auth activate-service-account",
        );
        let both = [setting::SCRIPT_LOGIN, setting::PASSWORD_LOGIN].map(|name| (name, "az login -u -p".to_owned()));
        assert_eq!(settings("az login -u me@acme.test -p $P"), both);
        one("curl -u bot:$PW http://nexus.acme.test/x", setting::PLAIN_HTTP, "nexus.acme.test");
        one("curl -H 'Authorization: x' http://a.test:80/x", setting::PLAIN_HTTP, "a.test:80");
        assert_eq!(settings("curl http://acme.test/x; curl -u a:b http://127.0.0.1/x; curl -u a:b http://$HOST/x"), []);
    }

    #[test]
    fn logins_with_the_password_of_an_account_are_told_and_those_of_programs_are_not() {
        let name = setting::PASSWORD_LOGIN;
        let grant = "curl asks for a token with grant_type=password";
        for (script, value) in [
            (
                "curl -d \"grant_type=password&username=$U&password=$P\" https://login.salesforce.com/services/oauth2/token",
                format!("{grant} at login.salesforce.com"),
            ),
            ("curl -X POST $URL --data-urlencode grant_type=password -d username=a", grant.to_owned()),
            (
                "curl -s https://id.acme.com/t --json '{\"grant_type\": \"password\"}'",
                format!("{grant} at id.acme.com"),
            ),
            ("SNOWSQL_PWD=$PW snowsql -u loader -q 'select 1'", "snowsql with SNOWSQL_PWD".to_owned()),
            ("export SNOWSQL_PWD=$PW", "snowsql with SNOWSQL_PWD".to_owned()),
            ("snow sql -q x --user a --password \"$PW\"", "snow --password".to_owned()),
        ] {
            one(script, name, &value);
        }
        for script in [
            "curl -d grant_type=client_credentials https://id.acme.com/t",
            "curl -d grant_type=password-realm https://id.acme.com/t",
            "curl -d grant_type=password http://localhost:8080/realms/x",
            "curl -d grant_type=password http://keycloak:8080/realms/x",
            "echo grant_type=password",
            "snowsql -u loader --private-key-path k.p8",
            "az login --identity -u 1234",
            "az login --federated-token $T -u x",
        ] {
            assert_eq!(settings(script), [], "{script}");
        }
        let service = settings("az login --service-principal -u x -p $P --tenant t");
        assert!(service.iter().all(|(found, _)| *found != name));
    }

    #[test]
    fn logins_are_told_with_what_they_prove() {
        use AuthMode::{Federated, Instance, Referenced, Static};
        for (script, mode, provider, command, target) in [
            (
                "aws sts assume-role-with-web-identity --role-arn arn:aws:iam::123456789012:role/x --web-identity-token $T",
                Federated,
                "aws",
                "aws sts assume-role-with-web-identity",
                Some("arn:aws:iam::123456789012:role/x"),
            ),
            ("aws configure set aws_secret_access_key $K", Referenced, "aws", "aws configure set", None),
            (
                "az login --service-principal -u 0f --tenant x --federated-token $T",
                Federated,
                "azure",
                "az login --federated-token",
                Some("0f"),
            ),
            ("az login --identity", Instance, "azure", "az login --identity", None),
            (
                "az login --service-principal -u $A -p $B --tenant $C",
                Referenced,
                "azure",
                "az login --service-principal",
                None,
            ),
            (
                "gcloud auth activate-service-account ci@p.iam.gserviceaccount.com --key-file=$K",
                Referenced,
                "gcp",
                "gcloud auth activate-service-account",
                Some("ci@p.iam.gserviceaccount.com"),
            ),
            ("gcloud auth login --cred-file=wif.json", Federated, "gcp", "gcloud auth login --cred-file", None),
            (
                "x=$(vault write -field=token auth/jwt/login role=ci jwt=$J)",
                Federated,
                "vault",
                "vault write auth/jwt/login",
                Some("ci"),
            ),
            ("vault login -method=jwt role=ci jwt=$J", Federated, "vault", "vault login", Some("ci")),
            ("vault login $VAULT_TOKEN", Referenced, "vault", "vault login", None),
            ("echo $P | docker login -u me --password-stdin ghcr.io", Referenced, "ghcr", "docker login", None),
            ("docker login -u a -p Zq7pL2mX quay.io", Static, "quay", "docker login", None),
            ("docker login -u gitlab-ci-token -p $CI_JOB_TOKEN $CI_REGISTRY", Instance, "gitlab", "docker login", None),
            (
                "kubectl config set-credentials ci --token=$T",
                Referenced,
                "kubernetes",
                "kubectl config set-credentials",
                None,
            ),
        ] {
            assert_eq!(logins(script), [(mode, provider, command, target.map(str::to_owned))], "{script}");
        }
        for script in [
            "aws ecr get-login-password | docker login -u AWS --password-stdin 1.dkr.ecr.eu-west-1.amazonaws.com",
            "docker login",
            "kubectl config set-context x",
            "az login",
            "vault write secret/x a=b",
            "echo az login --identity",
        ] {
            assert_eq!(logins(script), [], "{script}");
        }
    }

    /// Pieces of scripts put together in every order that a small generator gives: nothing may point outside of the text or
    /// into a character, and time is linear.
    #[test]
    fn no_part_lies_outside_of_the_text_or_inside_a_character() {
        let pieces = [
            "curl -k https://ä.test/é",
            " | ",
            "bash",
            "\"",
            "'",
            "$(",
            ")",
            "`",
            "\\\n",
            "\\",
            "${",
            "}",
            "${{ secrets.Ö }}",
            "$TOKEN",
            "echo ",
            "é",
            "\u{1F600}",
            "\n",
            ";",
            "&&",
            "&>",
            ">",
            ">>",
            ">&2",
            "<(",
            "<<EOF",
            "<<<",
            "\r\n",
            "(",
            "{",
            "fi",
            "if ",
            "done",
            "# x",
            "iex ",
            "iwr http://é",
            "set -x",
            " -",
            "=",
            "sudo ",
            "env",
            "$env:",
            "docker login -p é",
            "aws configure set aws_secret_access_key ",
            "git -c http.sslVerify=false",
            "StrictHostKeyChecking no",
            "\t",
            "2>",
        ];
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % u64::try_from(below).unwrap_or(1)).unwrap_or_default()
        };
        for _ in 0..20_000 {
            let length = next(24) + 1;
            let script: String = (0..length).map(|_| pieces[next(pieces.len())]).collect();
            for seen in read(&script) {
                let (Seen::Variable { part, .. } | Seen::Login { part, .. } | Seen::Setting { part, .. }) = &seen;
                assert!(script.get(part.clone()).is_some(), "{script:?} {seen:?}");
            }
        }
    }

    #[test]
    fn hostile_scripts_take_no_longer_than_their_length() {
        for piece in [
            "(",
            ")",
            "{ ",
            "$(",
            "`",
            "\"",
            "'",
            "a|",
            "a<<E\n",
            "<(",
            "iex ",
            "sudo ",
            "curl x|",
            "bash -c \"$(curl x)\";",
            "echo $TOKEN ",
            "(a)>b;",
            "docker login|",
            "x=1 ",
            "${",
            "set -x;",
            "((a)>b)>c;",
            "sh <(curl a) ",
            "\\",
            "if ",
            "vault write a=b ",
        ] {
            let start = std::time::Instant::now();
            let found = read(&piece.repeat(200_000 / piece.len()));
            let took = start.elapsed();
            assert!(took.as_secs() < 5, "{piece:?} took {took:?} for {}", found.len());
        }
    }
}
