
use builtin;
use str;

set edit:completion:arg-completer[keyroll] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'keyroll'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'keyroll'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand scan 'Scan files: credentials, pipelines and exports below the paths'
            cand dir 'Scan files: credentials, pipelines and exports below the paths'
            cand stdin 'Scan standard input'
            cand report 'Show a JSON report in another format'
            cand explain 'Say why each possible value of a file was or was not reported'
            cand rules 'The rules that find credentials'
            cand checks 'The checks that assess the inventory'
            cand formats 'The pipelines and exports that are read'
            cand config 'The configuration'
            cand generate 'Completions, manual page and schemas'
        }
        &'keyroll;scan'= {
            cand -f 'Output format, and file if not standard output; repeatable'
            cand --format 'Output format, and file if not standard output; repeatable'
            cand -o 'File for the format that names none'
            cand --output 'File for the format that names none'
            cand --exclude 'Leave out paths that match; without a slash at any depth'
            cand --max-file-size 'Largest file scanned, in MiB [default: 64]'
            cand -j 'Threads [default: one a core]'
            cand --jobs 'Threads [default: one a core]'
            cand --confidence 'Least confidence reported [default: medium]'
            cand --severity 'Least severity reported [default: low]'
            cand --fail-on 'Severity from which the exit code is 1 [default: medium]'
            cand --exit-code 'Exit code for findings'
            cand --as-of 'Date that ages are measured against [default: today]'
            cand --rules 'More rules: a folder or file of YAML'
            cand --enable-rule 'Run only these rules and checks'
            cand --disable-rule 'Do not run these rules and checks'
            cand -c 'Configuration [default: .keyroll.yml at the top of the current repository]'
            cand --config 'Configuration [default: .keyroll.yml at the top of the current repository]'
            cand --key-file 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too'
            cand --redact 'Accepted for old habits: outputs are always redacted'
            cand --sarif-suppressed 'Write suppressed results into SARIF, too'
            cand -q 'Say nothing on standard error but errors'
            cand --quiet 'Say nothing on standard error but errors'
            cand -v 'Show every location and notice'
            cand --verbose 'Show every location and notice'
            cand --no-color 'No colours; NO_COLOR does the same'
            cand --stdin 'Read standard input instead of paths'
            cand --no-gitignore 'Scan files that git ignores, too'
            cand --no-history 'Scan the working tree only'
            cand --exit-zero 'Exit 0 in spite of findings'
            cand --strict 'Treat limits (sizes, excludes, expired exceptions) as gaps: exit 3'
            cand --no-inline-ignores 'Report what comments suppress, too'
            cand --show-secrets 'Show whole secrets in the outputs; never use it where logs are kept'
            cand --no-config 'Use no configuration'
            cand --no-banner 'Accepted for old habits'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'keyroll;dir'= {
            cand -f 'Output format, and file if not standard output; repeatable'
            cand --format 'Output format, and file if not standard output; repeatable'
            cand -o 'File for the format that names none'
            cand --output 'File for the format that names none'
            cand --exclude 'Leave out paths that match; without a slash at any depth'
            cand --max-file-size 'Largest file scanned, in MiB [default: 64]'
            cand -j 'Threads [default: one a core]'
            cand --jobs 'Threads [default: one a core]'
            cand --confidence 'Least confidence reported [default: medium]'
            cand --severity 'Least severity reported [default: low]'
            cand --fail-on 'Severity from which the exit code is 1 [default: medium]'
            cand --exit-code 'Exit code for findings'
            cand --as-of 'Date that ages are measured against [default: today]'
            cand --rules 'More rules: a folder or file of YAML'
            cand --enable-rule 'Run only these rules and checks'
            cand --disable-rule 'Do not run these rules and checks'
            cand -c 'Configuration [default: .keyroll.yml at the top of the current repository]'
            cand --config 'Configuration [default: .keyroll.yml at the top of the current repository]'
            cand --key-file 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too'
            cand --redact 'Accepted for old habits: outputs are always redacted'
            cand --sarif-suppressed 'Write suppressed results into SARIF, too'
            cand -q 'Say nothing on standard error but errors'
            cand --quiet 'Say nothing on standard error but errors'
            cand -v 'Show every location and notice'
            cand --verbose 'Show every location and notice'
            cand --no-color 'No colours; NO_COLOR does the same'
            cand --stdin 'Read standard input instead of paths'
            cand --no-gitignore 'Scan files that git ignores, too'
            cand --no-history 'Scan the working tree only'
            cand --exit-zero 'Exit 0 in spite of findings'
            cand --strict 'Treat limits (sizes, excludes, expired exceptions) as gaps: exit 3'
            cand --no-inline-ignores 'Report what comments suppress, too'
            cand --show-secrets 'Show whole secrets in the outputs; never use it where logs are kept'
            cand --no-config 'Use no configuration'
            cand --no-banner 'Accepted for old habits'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'keyroll;stdin'= {
            cand -f 'Output format, and file if not standard output; repeatable'
            cand --format 'Output format, and file if not standard output; repeatable'
            cand -o 'File for the format that names none'
            cand --output 'File for the format that names none'
            cand --exclude 'Leave out paths that match; without a slash at any depth'
            cand --max-file-size 'Largest file scanned, in MiB [default: 64]'
            cand -j 'Threads [default: one a core]'
            cand --jobs 'Threads [default: one a core]'
            cand --confidence 'Least confidence reported [default: medium]'
            cand --severity 'Least severity reported [default: low]'
            cand --fail-on 'Severity from which the exit code is 1 [default: medium]'
            cand --exit-code 'Exit code for findings'
            cand --as-of 'Date that ages are measured against [default: today]'
            cand --rules 'More rules: a folder or file of YAML'
            cand --enable-rule 'Run only these rules and checks'
            cand --disable-rule 'Do not run these rules and checks'
            cand -c 'Configuration [default: .keyroll.yml at the top of the current repository]'
            cand --config 'Configuration [default: .keyroll.yml at the top of the current repository]'
            cand --key-file 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too'
            cand --redact 'Accepted for old habits: outputs are always redacted'
            cand --sarif-suppressed 'Write suppressed results into SARIF, too'
            cand -q 'Say nothing on standard error but errors'
            cand --quiet 'Say nothing on standard error but errors'
            cand -v 'Show every location and notice'
            cand --verbose 'Show every location and notice'
            cand --no-color 'No colours; NO_COLOR does the same'
            cand --stdin 'Read standard input instead of paths'
            cand --no-gitignore 'Scan files that git ignores, too'
            cand --no-history 'Scan the working tree only'
            cand --exit-zero 'Exit 0 in spite of findings'
            cand --strict 'Treat limits (sizes, excludes, expired exceptions) as gaps: exit 3'
            cand --no-inline-ignores 'Report what comments suppress, too'
            cand --show-secrets 'Show whole secrets in the outputs; never use it where logs are kept'
            cand --no-config 'Use no configuration'
            cand --no-banner 'Accepted for old habits'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'keyroll;report'= {
            cand -f 'Output format, and file if not standard output; repeatable'
            cand --format 'Output format, and file if not standard output; repeatable'
            cand -o 'File for the format that names none'
            cand --output 'File for the format that names none'
            cand --fail-on 'Severity from which the exit code is 1'
            cand --sarif-suppressed 'Write suppressed results into SARIF, too'
            cand -q 'Say nothing on standard error but errors'
            cand --quiet 'Say nothing on standard error but errors'
            cand -v 'Show every location and notice'
            cand --verbose 'Show every location and notice'
            cand --no-color 'No colours; NO_COLOR does the same'
            cand --exit-zero 'Exit 0 in spite of findings'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'keyroll;explain'= {
            cand -c 'Configuration file instead of .keyroll.yml at the top of this repository'
            cand --config 'Configuration file instead of .keyroll.yml at the top of this repository'
            cand --rules 'More rules: a folder or file of YAML'
            cand --no-config 'Use no configuration'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'keyroll;rules'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'List the rules by provider'
            cand explain 'Explain one rule'
            cand check 'Check rules and their examples: a folder or file, or the rules compiled in'
            cand new 'Write the beginnings of a rule'
        }
        &'keyroll;rules;list'= {
            cand --rules 'More rules: a folder or file of YAML'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'keyroll;rules;explain'= {
            cand --rules 'More rules: a folder or file of YAML'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'keyroll;rules;check'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'keyroll;rules;new'= {
            cand --provider 'Provider [default: the id up to its first dash]'
            cand --dir 'Folder that holds the provider''s file'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'keyroll;checks'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'List the checks by risk'
            cand explain 'Explain one check'
        }
        &'keyroll;checks;list'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'keyroll;checks;explain'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'keyroll;formats'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'List the formats and the commands that produce exports'
        }
        &'keyroll;formats;list'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'keyroll;config'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand show 'Show which configuration is used here'
            cand check 'Check a configuration'
            cand init 'Write a configuration with every key explained'
        }
        &'keyroll;config;show'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'keyroll;config;check'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'keyroll;config;init'= {
            cand --print 'Write it to standard output'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'keyroll;generate'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand completions 'Shell completions'
            cand man 'The manual page'
            cand schema 'A JSON Schema'
            cand docs 'The reference page of rules, checks or formats, in Markdown'
        }
        &'keyroll;generate;completions'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'keyroll;generate;man'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'keyroll;generate;schema'= {
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'keyroll;generate;docs'= {
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
    ]
    $completions[$command]
}
