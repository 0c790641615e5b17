# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_keyroll_global_optspecs
    string join \n h/help V/version
end

function __fish_keyroll_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_keyroll_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_keyroll_using_subcommand
    set -l cmd (__fish_keyroll_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c keyroll -n "__fish_keyroll_needs_command" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_needs_command" -s V -l version -d 'Print version'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "scan" -d 'Scan files: credentials, pipelines and exports below the paths'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "dir" -d 'Scan files: credentials, pipelines and exports below the paths'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "stdin" -d 'Scan standard input'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "report" -d 'Show a JSON report in another format'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "explain" -d 'Say why each possible value of a file was or was not reported'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "rules" -d 'The rules that find credentials'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "checks" -d 'The checks that assess the inventory'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "formats" -d 'The pipelines and exports that are read'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "config" -d 'The configuration'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "generate" -d 'Completions, manual page and schemas'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -s f -l format -d 'Output format, and file if not standard output; repeatable' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -s o -l output -d 'File for the format that names none' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l exclude -d 'Leave out paths that match; without a slash at any depth' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l max-file-size -d 'Largest file scanned, in MiB [default: 64]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -s j -l jobs -d 'Threads [default: one a core]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l confidence -d 'Least confidence reported [default: medium]' -r -f -a "low\t'Worth a look when hunting'
medium\t'The default'
high\t'Shape and context agree'
confirmed\t'Proved offline'"
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l severity -d 'Least severity reported [default: low]' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l fail-on -d 'Severity from which the exit code is 1 [default: medium]' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l exit-code -d 'Exit code for findings' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l as-of -d 'Date that ages are measured against [default: today]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l rules -d 'More rules: a folder or file of YAML' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l enable-rule -d 'Run only these rules and checks' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l disable-rule -d 'Do not run these rules and checks' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -s c -l config -d 'Configuration [default: .keyroll.yml at the top of the current repository]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l key-file -d 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l redact -d 'Accepted for old habits: outputs are always redacted' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l sarif-suppressed -d 'Write suppressed results into SARIF, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -s v -l verbose -d 'Show every location and notice'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l no-color -d 'No colours; NO_COLOR does the same'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l stdin -d 'Read standard input instead of paths'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l no-gitignore -d 'Scan files that git ignores, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l no-history -d 'Scan the working tree only'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l exit-zero -d 'Exit 0 in spite of findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l strict -d 'Treat limits (sizes, excludes, expired exceptions) as gaps: exit 3'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l no-inline-ignores -d 'Report what comments suppress, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l show-secrets -d 'Show whole secrets in the outputs; never use it where logs are kept'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l no-config -d 'Use no configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l no-banner -d 'Accepted for old habits'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -s f -l format -d 'Output format, and file if not standard output; repeatable' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -s o -l output -d 'File for the format that names none' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l exclude -d 'Leave out paths that match; without a slash at any depth' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l max-file-size -d 'Largest file scanned, in MiB [default: 64]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -s j -l jobs -d 'Threads [default: one a core]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l confidence -d 'Least confidence reported [default: medium]' -r -f -a "low\t'Worth a look when hunting'
medium\t'The default'
high\t'Shape and context agree'
confirmed\t'Proved offline'"
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l severity -d 'Least severity reported [default: low]' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l fail-on -d 'Severity from which the exit code is 1 [default: medium]' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l exit-code -d 'Exit code for findings' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l as-of -d 'Date that ages are measured against [default: today]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l rules -d 'More rules: a folder or file of YAML' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l enable-rule -d 'Run only these rules and checks' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l disable-rule -d 'Do not run these rules and checks' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -s c -l config -d 'Configuration [default: .keyroll.yml at the top of the current repository]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l key-file -d 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l redact -d 'Accepted for old habits: outputs are always redacted' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l sarif-suppressed -d 'Write suppressed results into SARIF, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -s v -l verbose -d 'Show every location and notice'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l no-color -d 'No colours; NO_COLOR does the same'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l stdin -d 'Read standard input instead of paths'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l no-gitignore -d 'Scan files that git ignores, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l no-history -d 'Scan the working tree only'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l exit-zero -d 'Exit 0 in spite of findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l strict -d 'Treat limits (sizes, excludes, expired exceptions) as gaps: exit 3'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l no-inline-ignores -d 'Report what comments suppress, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l show-secrets -d 'Show whole secrets in the outputs; never use it where logs are kept'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l no-config -d 'Use no configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l no-banner -d 'Accepted for old habits'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -s f -l format -d 'Output format, and file if not standard output; repeatable' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -s o -l output -d 'File for the format that names none' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l exclude -d 'Leave out paths that match; without a slash at any depth' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l max-file-size -d 'Largest file scanned, in MiB [default: 64]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -s j -l jobs -d 'Threads [default: one a core]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l confidence -d 'Least confidence reported [default: medium]' -r -f -a "low\t'Worth a look when hunting'
medium\t'The default'
high\t'Shape and context agree'
confirmed\t'Proved offline'"
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l severity -d 'Least severity reported [default: low]' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l fail-on -d 'Severity from which the exit code is 1 [default: medium]' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l exit-code -d 'Exit code for findings' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l as-of -d 'Date that ages are measured against [default: today]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l rules -d 'More rules: a folder or file of YAML' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l enable-rule -d 'Run only these rules and checks' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l disable-rule -d 'Do not run these rules and checks' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -s c -l config -d 'Configuration [default: .keyroll.yml at the top of the current repository]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l key-file -d 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l redact -d 'Accepted for old habits: outputs are always redacted' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l sarif-suppressed -d 'Write suppressed results into SARIF, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -s v -l verbose -d 'Show every location and notice'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l no-color -d 'No colours; NO_COLOR does the same'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l stdin -d 'Read standard input instead of paths'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l no-gitignore -d 'Scan files that git ignores, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l no-history -d 'Scan the working tree only'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l exit-zero -d 'Exit 0 in spite of findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l strict -d 'Treat limits (sizes, excludes, expired exceptions) as gaps: exit 3'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l no-inline-ignores -d 'Report what comments suppress, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l show-secrets -d 'Show whole secrets in the outputs; never use it where logs are kept'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l no-config -d 'Use no configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l no-banner -d 'Accepted for old habits'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -s f -l format -d 'Output format, and file if not standard output; repeatable' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -s o -l output -d 'File for the format that names none' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -l fail-on -d 'Severity from which the exit code is 1' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -l sarif-suppressed -d 'Write suppressed results into SARIF, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -s v -l verbose -d 'Show every location and notice'
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -l no-color -d 'No colours; NO_COLOR does the same'
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -l exit-zero -d 'Exit 0 in spite of findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand explain" -s c -l config -d 'Configuration file instead of .keyroll.yml at the top of this repository' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand explain" -l rules -d 'More rules: a folder or file of YAML' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand explain" -l no-config -d 'Use no configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand explain" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand rules; and not __fish_seen_subcommand_from list explain check new" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand rules; and not __fish_seen_subcommand_from list explain check new" -f -a "list" -d 'List the rules by provider'
complete -c keyroll -n "__fish_keyroll_using_subcommand rules; and not __fish_seen_subcommand_from list explain check new" -f -a "explain" -d 'Explain one rule'
complete -c keyroll -n "__fish_keyroll_using_subcommand rules; and not __fish_seen_subcommand_from list explain check new" -f -a "check" -d 'Check rules and their examples: a folder or file, or the rules compiled in'
complete -c keyroll -n "__fish_keyroll_using_subcommand rules; and not __fish_seen_subcommand_from list explain check new" -f -a "new" -d 'Write the beginnings of a rule'
complete -c keyroll -n "__fish_keyroll_using_subcommand rules; and __fish_seen_subcommand_from list" -l rules -d 'More rules: a folder or file of YAML' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand rules; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand rules; and __fish_seen_subcommand_from explain" -l rules -d 'More rules: a folder or file of YAML' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand rules; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand rules; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand rules; and __fish_seen_subcommand_from new" -l provider -d 'Provider [default: the id up to its first dash]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand rules; and __fish_seen_subcommand_from new" -l dir -d 'Folder that holds the provider\'s file' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand rules; and __fish_seen_subcommand_from new" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand checks; and not __fish_seen_subcommand_from list explain" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand checks; and not __fish_seen_subcommand_from list explain" -f -a "list" -d 'List the checks by risk'
complete -c keyroll -n "__fish_keyroll_using_subcommand checks; and not __fish_seen_subcommand_from list explain" -f -a "explain" -d 'Explain one check'
complete -c keyroll -n "__fish_keyroll_using_subcommand checks; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand checks; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand formats; and not __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand formats; and not __fish_seen_subcommand_from list" -f -a "list" -d 'List the formats and the commands that produce exports'
complete -c keyroll -n "__fish_keyroll_using_subcommand formats; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and not __fish_seen_subcommand_from show check init" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and not __fish_seen_subcommand_from show check init" -f -a "show" -d 'Show which configuration is used here'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and not __fish_seen_subcommand_from show check init" -f -a "check" -d 'Check a configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and not __fish_seen_subcommand_from show check init" -f -a "init" -d 'Write a configuration with every key explained'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and __fish_seen_subcommand_from init" -l print -d 'Write it to standard output'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema docs" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema docs" -f -a "completions" -d 'Shell completions'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema docs" -f -a "man" -d 'The manual page'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema docs" -f -a "schema" -d 'A JSON Schema'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema docs" -f -a "docs" -d 'The reference page of rules, checks or formats, in Markdown'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and __fish_seen_subcommand_from completions" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and __fish_seen_subcommand_from man" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and __fish_seen_subcommand_from docs" -s h -l help -d 'Print help (see more with \'--help\')'
