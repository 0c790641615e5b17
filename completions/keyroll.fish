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
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "hook" -d 'Scan what is about to be committed, pushed or received: for git hooks and pre-commit'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "ci" -d 'Scan the commits of this CI run'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "baseline" -d 'Findings that were known before, kept out of what fails a run'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "triage" -d 'Go through the findings one by one and keep what is false or accepted in the baseline'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "import" -d 'Take over what other scanners were told'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "stdin" -d 'Scan standard input'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "report" -d 'Show JSON reports in another format, several as one'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "diff" -d 'What is new, rotated, gone, worse or better between two JSON reports'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "explain" -d 'Say why each possible value of a file was or was not reported'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "rules" -d 'The rules that find credentials'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "checks" -d 'The checks that assess the inventory'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "formats" -d 'The pipelines and exports that are read'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "config" -d 'The configuration'
complete -c keyroll -n "__fish_keyroll_needs_command" -f -a "generate" -d 'Completions, manual page and schemas'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -s f -l format -d 'Output format, and file if not standard output; repeatable' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -s o -l output -d 'File for the format that names none' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l exclude -d 'Leave out paths that match; without a slash at any depth' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l branch -d 'Scan only the history that this branch, tag or commit reaches; repeatable' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l range -d 'Scan only what these commits brought in: A..B, or A.. for up to HEAD' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l since-commit -d 'Scan only what the commits after this one brought in' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l cache -d 'Remember in this folder which blobs of the history were scanned; KEYROLL_CACHE names one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l max-file-size -d 'Largest file scanned, in MiB; an export of a cloud may be 64 times as long [default: 64]' -r
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
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l members -d 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l repos -d 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l rules -d 'More rules: a folder or file of YAML' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l enable-rule -d 'Run only these rules and checks' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l disable-rule -d 'Do not run these rules and checks' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -s c -l config -d 'Configuration [default: .keyroll.yml at the top of the current repository]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -s b -l baseline -d 'Findings that were known before [default: the one that the configuration names]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l key-file -d 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l redact -d 'Accepted for old habits: outputs are always redacted' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l sarif-suppressed -d 'Write suppressed results into SARIF, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -s v -l verbose -d 'Show every location and notice'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l no-color -d 'No colours; NO_COLOR does the same'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l stdin -d 'Read standard input instead of paths'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l no-gitignore -d 'Scan files that git ignores, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l no-history -d 'Scan the working tree only'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l history-only -d 'Scan the history only, not the working tree'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l staged -d 'Scan only what is staged: the index against HEAD'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l authors -d 'Show the addresses of commits\' authors in reports'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l no-archives -d 'Do not open archives'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l decode-history -d 'Decode base64, escapes and the like in the whole history, too: slower by half'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l exit-zero -d 'Exit 0 in spite of findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l strict -d 'Treat limits (sizes, excludes, expired exceptions) as gaps: exit 3'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l no-inline-ignores -d 'Report what comments suppress, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l show-secrets -d 'Show whole secrets in the outputs; never use it where logs are kept'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l no-config -d 'Use no configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l trust-config -d 'Believe the configuration of the scanned repository, which else may only demand more'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -l no-banner -d 'Accepted for old habits'
complete -c keyroll -n "__fish_keyroll_using_subcommand scan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -s f -l format -d 'Output format, and file if not standard output; repeatable' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -s o -l output -d 'File for the format that names none' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l exclude -d 'Leave out paths that match; without a slash at any depth' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l branch -d 'Scan only the history that this branch, tag or commit reaches; repeatable' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l range -d 'Scan only what these commits brought in: A..B, or A.. for up to HEAD' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l since-commit -d 'Scan only what the commits after this one brought in' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l cache -d 'Remember in this folder which blobs of the history were scanned; KEYROLL_CACHE names one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l max-file-size -d 'Largest file scanned, in MiB; an export of a cloud may be 64 times as long [default: 64]' -r
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
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l members -d 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l repos -d 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l rules -d 'More rules: a folder or file of YAML' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l enable-rule -d 'Run only these rules and checks' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l disable-rule -d 'Do not run these rules and checks' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -s c -l config -d 'Configuration [default: .keyroll.yml at the top of the current repository]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -s b -l baseline -d 'Findings that were known before [default: the one that the configuration names]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l key-file -d 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l redact -d 'Accepted for old habits: outputs are always redacted' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l sarif-suppressed -d 'Write suppressed results into SARIF, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -s v -l verbose -d 'Show every location and notice'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l no-color -d 'No colours; NO_COLOR does the same'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l stdin -d 'Read standard input instead of paths'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l no-gitignore -d 'Scan files that git ignores, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l no-history -d 'Scan the working tree only'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l history-only -d 'Scan the history only, not the working tree'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l staged -d 'Scan only what is staged: the index against HEAD'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l authors -d 'Show the addresses of commits\' authors in reports'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l no-archives -d 'Do not open archives'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l decode-history -d 'Decode base64, escapes and the like in the whole history, too: slower by half'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l exit-zero -d 'Exit 0 in spite of findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l strict -d 'Treat limits (sizes, excludes, expired exceptions) as gaps: exit 3'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l no-inline-ignores -d 'Report what comments suppress, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l show-secrets -d 'Show whole secrets in the outputs; never use it where logs are kept'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l no-config -d 'Use no configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l trust-config -d 'Believe the configuration of the scanned repository, which else may only demand more'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -l no-banner -d 'Accepted for old habits'
complete -c keyroll -n "__fish_keyroll_using_subcommand dir" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l hook-type -d 'Which hook this is' -r -f -a "pre-commit\t'What is staged'
commit-msg\t'The message of a commit'
pre-push\t'Commits that a push sends; reads git\'s lines from standard input'
pre-receive\t'Commits that a push brings to a server; reads git\'s lines from standard input'"
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -s f -l format -d 'Output format, and file if not standard output; repeatable' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -s o -l output -d 'File for the format that names none' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l confidence -d 'Least confidence reported [default: medium]' -r -f -a "low\t'Worth a look when hunting'
medium\t'The default'
high\t'Shape and context agree'
confirmed\t'Proved offline'"
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l fail-on -d 'Severity from which the exit code is 1 [default: medium]' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l exit-code -d 'Exit code for findings' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -s c -l config -d 'Configuration [default: .keyroll.yml at the top of the current repository]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -s b -l baseline -d 'Findings that were known before [default: the one that the configuration names]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l key-file -d 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l as-of -d 'Date that ages are measured against [default: today]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l redact -d 'Accepted for old habits: outputs are always redacted' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l install -d 'Write the hook into this repository'
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l uninstall -d 'Take the hook out of this repository'
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l force -d 'Replace a hook that keyroll did not write'
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l sarif-suppressed -d 'Write suppressed results into SARIF, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -s v -l verbose -d 'Show every location and notice'
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l no-color -d 'No colours; NO_COLOR does the same'
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l exit-zero -d 'Exit 0 in spite of findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l no-config -d 'Use no configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l show-secrets -d 'Show whole secrets in the outputs; never use it where logs are kept'
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l staged -d 'Accepted for old habits: the index is always what is scanned'
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -l no-banner -d 'Accepted for old habits'
complete -c keyroll -n "__fish_keyroll_using_subcommand hook" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -l base -d 'Where the change starts, instead of what the CI provider says' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -l head -d 'Where it ends' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -l members -d 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -l repos -d 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -s f -l format -d 'Output format, and file if not standard output; repeatable' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -s o -l output -d 'File for the format that names none' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -l confidence -d 'Least confidence reported [default: medium]' -r -f -a "low\t'Worth a look when hunting'
medium\t'The default'
high\t'Shape and context agree'
confirmed\t'Proved offline'"
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -l fail-on -d 'Severity from which the exit code is 1 [default: medium]' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -l exit-code -d 'Exit code for findings' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -s c -l config -d 'Configuration [default: .keyroll.yml at the top of the current repository]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -s b -l baseline -d 'Findings that were known before [default: the one that the configuration names]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -l key-file -d 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -l as-of -d 'Date that ages are measured against [default: today]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -l no-new-suppressions -d 'Fail when the change adds comments, entries or baseline lines that suppress findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -l sarif-suppressed -d 'Write suppressed results into SARIF, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -s v -l verbose -d 'Show every location and notice'
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -l no-color -d 'No colours; NO_COLOR does the same'
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -l exit-zero -d 'Exit 0 in spite of findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -l no-config -d 'Use no configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -l show-secrets -d 'Show whole secrets in the outputs; never use it where logs are kept'
complete -c keyroll -n "__fish_keyroll_using_subcommand ci" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and not __fish_seen_subcommand_from create prune" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and not __fish_seen_subcommand_from create prune" -f -a "create" -d 'Scan everything and write what is found now as known'
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and not __fish_seen_subcommand_from create prune" -f -a "prune" -d 'Scan everything and take out what is not found any more'
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from create" -l members -d 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from create" -l repos -d 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from create" -l confidence -d 'Least confidence reported [default: medium]' -r -f -a "low\t'Worth a look when hunting'
medium\t'The default'
high\t'Shape and context agree'
confirmed\t'Proved offline'"
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from create" -l fail-on -d 'Severity from which the exit code is 1 [default: medium]' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from create" -l exit-code -d 'Exit code for findings' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from create" -s c -l config -d 'Configuration [default: .keyroll.yml at the top of the current repository]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from create" -s b -l baseline -d 'Findings that were known before [default: the one that the configuration names]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from create" -l key-file -d 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from create" -l as-of -d 'Date that ages are measured against [default: today]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from create" -l force -d 'Add to a baseline that is there already; what somebody said of its entries stays'
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from create" -l no-history -d 'Leave the history out'
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from create" -l exit-zero -d 'Exit 0 in spite of findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from create" -l no-config -d 'Use no configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from create" -l show-secrets -d 'Show whole secrets in the outputs; never use it where logs are kept'
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l members -d 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l repos -d 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l confidence -d 'Least confidence reported [default: medium]' -r -f -a "low\t'Worth a look when hunting'
medium\t'The default'
high\t'Shape and context agree'
confirmed\t'Proved offline'"
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l fail-on -d 'Severity from which the exit code is 1 [default: medium]' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l exit-code -d 'Exit code for findings' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from prune" -s c -l config -d 'Configuration [default: .keyroll.yml at the top of the current repository]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from prune" -s b -l baseline -d 'Findings that were known before [default: the one that the configuration names]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l key-file -d 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l as-of -d 'Date that ages are measured against [default: today]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l force -d 'Add to a baseline that is there already; what somebody said of its entries stays'
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l no-history -d 'Leave the history out'
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l exit-zero -d 'Exit 0 in spite of findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l no-config -d 'Use no configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from prune" -l show-secrets -d 'Show whole secrets in the outputs; never use it where logs are kept'
complete -c keyroll -n "__fish_keyroll_using_subcommand baseline; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand triage" -l members -d 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand triage" -l repos -d 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand triage" -l confidence -d 'Least confidence reported [default: medium]' -r -f -a "low\t'Worth a look when hunting'
medium\t'The default'
high\t'Shape and context agree'
confirmed\t'Proved offline'"
complete -c keyroll -n "__fish_keyroll_using_subcommand triage" -l fail-on -d 'Severity from which the exit code is 1 [default: medium]' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand triage" -l exit-code -d 'Exit code for findings' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand triage" -s c -l config -d 'Configuration [default: .keyroll.yml at the top of the current repository]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand triage" -s b -l baseline -d 'Findings that were known before [default: the one that the configuration names]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand triage" -l key-file -d 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand triage" -l as-of -d 'Date that ages are measured against [default: today]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand triage" -l force -d 'Add to a baseline that is there already; what somebody said of its entries stays'
complete -c keyroll -n "__fish_keyroll_using_subcommand triage" -l no-history -d 'Leave the history out'
complete -c keyroll -n "__fish_keyroll_using_subcommand triage" -l exit-zero -d 'Exit 0 in spite of findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand triage" -l no-config -d 'Use no configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand triage" -l show-secrets -d 'Show whole secrets in the outputs; never use it where logs are kept'
complete -c keyroll -n "__fish_keyroll_using_subcommand triage" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and not __fish_seen_subcommand_from gitleaks detect-secrets" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and not __fish_seen_subcommand_from gitleaks detect-secrets" -f -a "gitleaks" -d 'A .gitleaks.toml as configuration on standard output, a .gitleaksignore into the baseline'
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and not __fish_seen_subcommand_from gitleaks detect-secrets" -f -a "detect-secrets" -d 'A .secrets.baseline into the baseline'
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from gitleaks" -l confidence -d 'Least confidence reported [default: medium]' -r -f -a "low\t'Worth a look when hunting'
medium\t'The default'
high\t'Shape and context agree'
confirmed\t'Proved offline'"
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from gitleaks" -l fail-on -d 'Severity from which the exit code is 1 [default: medium]' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from gitleaks" -l exit-code -d 'Exit code for findings' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from gitleaks" -s c -l config -d 'Configuration [default: .keyroll.yml at the top of the current repository]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from gitleaks" -s b -l baseline -d 'Findings that were known before [default: the one that the configuration names]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from gitleaks" -l key-file -d 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from gitleaks" -l as-of -d 'Date that ages are measured against [default: today]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from gitleaks" -l exit-zero -d 'Exit 0 in spite of findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from gitleaks" -l no-config -d 'Use no configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from gitleaks" -l show-secrets -d 'Show whole secrets in the outputs; never use it where logs are kept'
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from gitleaks" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from detect-secrets" -l confidence -d 'Least confidence reported [default: medium]' -r -f -a "low\t'Worth a look when hunting'
medium\t'The default'
high\t'Shape and context agree'
confirmed\t'Proved offline'"
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from detect-secrets" -l fail-on -d 'Severity from which the exit code is 1 [default: medium]' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from detect-secrets" -l exit-code -d 'Exit code for findings' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from detect-secrets" -s c -l config -d 'Configuration [default: .keyroll.yml at the top of the current repository]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from detect-secrets" -s b -l baseline -d 'Findings that were known before [default: the one that the configuration names]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from detect-secrets" -l key-file -d 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from detect-secrets" -l as-of -d 'Date that ages are measured against [default: today]' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from detect-secrets" -l exit-zero -d 'Exit 0 in spite of findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from detect-secrets" -l no-config -d 'Use no configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from detect-secrets" -l show-secrets -d 'Show whole secrets in the outputs; never use it where logs are kept'
complete -c keyroll -n "__fish_keyroll_using_subcommand import; and __fish_seen_subcommand_from detect-secrets" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -s f -l format -d 'Output format, and file if not standard output; repeatable' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -s o -l output -d 'File for the format that names none' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l exclude -d 'Leave out paths that match; without a slash at any depth' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l branch -d 'Scan only the history that this branch, tag or commit reaches; repeatable' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l range -d 'Scan only what these commits brought in: A..B, or A.. for up to HEAD' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l since-commit -d 'Scan only what the commits after this one brought in' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l cache -d 'Remember in this folder which blobs of the history were scanned; KEYROLL_CACHE names one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l max-file-size -d 'Largest file scanned, in MiB; an export of a cloud may be 64 times as long [default: 64]' -r
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
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l members -d 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l repos -d 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l rules -d 'More rules: a folder or file of YAML' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l enable-rule -d 'Run only these rules and checks' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l disable-rule -d 'Do not run these rules and checks' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -s c -l config -d 'Configuration [default: .keyroll.yml at the top of the current repository]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -s b -l baseline -d 'Findings that were known before [default: the one that the configuration names]' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l key-file -d 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l redact -d 'Accepted for old habits: outputs are always redacted' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l sarif-suppressed -d 'Write suppressed results into SARIF, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -s v -l verbose -d 'Show every location and notice'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l no-color -d 'No colours; NO_COLOR does the same'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l stdin -d 'Read standard input instead of paths'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l no-gitignore -d 'Scan files that git ignores, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l no-history -d 'Scan the working tree only'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l history-only -d 'Scan the history only, not the working tree'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l staged -d 'Scan only what is staged: the index against HEAD'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l authors -d 'Show the addresses of commits\' authors in reports'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l no-archives -d 'Do not open archives'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l decode-history -d 'Decode base64, escapes and the like in the whole history, too: slower by half'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l exit-zero -d 'Exit 0 in spite of findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l strict -d 'Treat limits (sizes, excludes, expired exceptions) as gaps: exit 3'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l no-inline-ignores -d 'Report what comments suppress, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l show-secrets -d 'Show whole secrets in the outputs; never use it where logs are kept'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l no-config -d 'Use no configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l trust-config -d 'Believe the configuration of the scanned repository, which else may only demand more'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -l no-banner -d 'Accepted for old habits'
complete -c keyroll -n "__fish_keyroll_using_subcommand stdin" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -s f -l format -d 'Output format, and file if not standard output; repeatable' -r
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -s o -l output -d 'File for the format that names none' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -l fail-on -d 'Severity from which the exit code is 1 [default: medium]' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -s c -l config -d 'Judge anew under this configuration; merged reports are judged under .keyroll.yml at the top of this repository' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -l members -d 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -l repos -d 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead' -r -F
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -l sarif-suppressed -d 'Write suppressed results into SARIF, too'
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -s v -l verbose -d 'Show every location and notice'
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -l no-color -d 'No colours; NO_COLOR does the same'
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -l exit-zero -d 'Exit 0 in spite of findings'
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -l no-config -d 'Use no configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand diff" -s f -l format -d 'How to write it' -r -f -a "table\t'For a terminal'
json\t'For programs'
markdown\t'For job summaries and comments'"
complete -c keyroll -n "__fish_keyroll_using_subcommand diff" -l fail-on -d 'Severity from which what is new or worse makes the exit code 1' -r -f -a "low\t'1–39'
medium\t'40–69'
high\t'70–90'
critical\t'91–100'"
complete -c keyroll -n "__fish_keyroll_using_subcommand diff" -l exit-zero -d 'Exit 0 in spite of what is new or worse'
complete -c keyroll -n "__fish_keyroll_using_subcommand diff" -s v -l verbose -d 'Show every change'
complete -c keyroll -n "__fish_keyroll_using_subcommand diff" -l no-color -d 'No colours; NO_COLOR does the same'
complete -c keyroll -n "__fish_keyroll_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
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
complete -c keyroll -n "__fish_keyroll_using_subcommand formats; and not __fish_seen_subcommand_from list script" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand formats; and not __fish_seen_subcommand_from list script" -f -a "list" -d 'List the formats and the commands that produce exports'
complete -c keyroll -n "__fish_keyroll_using_subcommand formats; and not __fish_seen_subcommand_from list script" -f -a "script" -d 'Print a shell script that collects the exports of a provider, with commands that only read'
complete -c keyroll -n "__fish_keyroll_using_subcommand formats; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand formats; and __fish_seen_subcommand_from script" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and not __fish_seen_subcommand_from show check init" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and not __fish_seen_subcommand_from show check init" -f -a "show" -d 'Show which configuration is used here'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and not __fish_seen_subcommand_from show check init" -f -a "check" -d 'Check a configuration'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and not __fish_seen_subcommand_from show check init" -f -a "init" -d 'Write a configuration with every key explained'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and __fish_seen_subcommand_from init" -l print -d 'Write it to standard output'
complete -c keyroll -n "__fish_keyroll_using_subcommand config; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and not __fish_seen_subcommand_from completions man candidates schema docs" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and not __fish_seen_subcommand_from completions man candidates schema docs" -f -a "completions" -d 'Shell completions'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and not __fish_seen_subcommand_from completions man candidates schema docs" -f -a "man" -d 'The manual page'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and not __fish_seen_subcommand_from completions man candidates schema docs" -f -a "candidates" -d 'What the trainer of the ranker reads of every file below a directory, one JSON object a file'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and not __fish_seen_subcommand_from completions man candidates schema docs" -f -a "schema" -d 'A JSON Schema'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and not __fish_seen_subcommand_from completions man candidates schema docs" -f -a "docs" -d 'The reference page of rules, checks or formats, in Markdown'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and __fish_seen_subcommand_from completions" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and __fish_seen_subcommand_from man" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and __fish_seen_subcommand_from candidates" -l names -d 'Only the names of the numbers, in their order'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and __fish_seen_subcommand_from candidates" -s h -l help -d 'Print help'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyroll -n "__fish_keyroll_using_subcommand generate; and __fish_seen_subcommand_from docs" -s h -l help -d 'Print help (see more with \'--help\')'
