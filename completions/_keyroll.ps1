
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'keyroll' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'keyroll'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'keyroll' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('scan', 'scan', [CompletionResultType]::ParameterValue, 'Scan files: credentials, pipelines and exports below the paths')
            [CompletionResult]::new('dir', 'dir', [CompletionResultType]::ParameterValue, 'Scan files: credentials, pipelines and exports below the paths')
            [CompletionResult]::new('hook', 'hook', [CompletionResultType]::ParameterValue, 'Scan what is about to be committed, pushed or received: for git hooks and pre-commit')
            [CompletionResult]::new('ci', 'ci', [CompletionResultType]::ParameterValue, 'Scan the commits of this CI run')
            [CompletionResult]::new('baseline', 'baseline', [CompletionResultType]::ParameterValue, 'Findings that were known before, kept out of what fails a run')
            [CompletionResult]::new('triage', 'triage', [CompletionResultType]::ParameterValue, 'Go through the findings one by one and keep what is false or accepted in the baseline')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Take over what other scanners were told')
            [CompletionResult]::new('stdin', 'stdin', [CompletionResultType]::ParameterValue, 'Scan standard input')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Show JSON reports in another format, several as one')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'What is new, rotated, gone, worse or better between two JSON reports')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say why each possible value of a file was or was not reported')
            [CompletionResult]::new('rules', 'rules', [CompletionResultType]::ParameterValue, 'The rules that find credentials')
            [CompletionResult]::new('checks', 'checks', [CompletionResultType]::ParameterValue, 'The checks that assess the inventory')
            [CompletionResult]::new('formats', 'formats', [CompletionResultType]::ParameterValue, 'The pipelines and exports that are read')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'The configuration')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Completions, manual page and schemas')
            break
        }
        'keyroll;scan' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Output format, and file if not standard output; repeatable')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format, and file if not standard output; repeatable')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File for the format that names none')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File for the format that names none')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Leave out paths that match; without a slash at any depth')
            [CompletionResult]::new('--branch', '--branch', [CompletionResultType]::ParameterName, 'Scan only the history that this branch, tag or commit reaches; repeatable')
            [CompletionResult]::new('--range', '--range', [CompletionResultType]::ParameterName, 'Scan only what these commits brought in: A..B, or A.. for up to HEAD')
            [CompletionResult]::new('--since-commit', '--since-commit', [CompletionResultType]::ParameterName, 'Scan only what the commits after this one brought in')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'Remember in this folder which blobs of the history were scanned; KEYROLL_CACHE names one, too')
            [CompletionResult]::new('--max-file-size', '--max-file-size', [CompletionResultType]::ParameterName, 'Largest file scanned, in MiB; an export of a cloud may be 64 times as long [default: 64]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Threads [default: one a core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Threads [default: one a core]')
            [CompletionResult]::new('--confidence', '--confidence', [CompletionResultType]::ParameterName, 'Least confidence reported [default: medium]')
            [CompletionResult]::new('--severity', '--severity', [CompletionResultType]::ParameterName, 'Least severity reported [default: low]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Severity from which the exit code is 1 [default: medium]')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Exit code for findings')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'Date that ages are measured against [default: today]')
            [CompletionResult]::new('--members', '--members', [CompletionResultType]::ParameterName, 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left')
            [CompletionResult]::new('--repos', '--repos', [CompletionResultType]::ParameterName, 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead')
            [CompletionResult]::new('--rules', '--rules', [CompletionResultType]::ParameterName, 'More rules: a folder or file of YAML')
            [CompletionResult]::new('--enable-rule', '--enable-rule', [CompletionResultType]::ParameterName, 'Run only these rules and checks')
            [CompletionResult]::new('--disable-rule', '--disable-rule', [CompletionResultType]::ParameterName, 'Do not run these rules and checks')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--key-file', '--key-file', [CompletionResultType]::ParameterName, 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Accepted for old habits: outputs are always redacted')
            [CompletionResult]::new('--sarif-suppressed', '--sarif-suppressed', [CompletionResultType]::ParameterName, 'Write suppressed results into SARIF, too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show every location and notice')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show every location and notice')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No colours; NO_COLOR does the same')
            [CompletionResult]::new('--stdin', '--stdin', [CompletionResultType]::ParameterName, 'Read standard input instead of paths')
            [CompletionResult]::new('--no-gitignore', '--no-gitignore', [CompletionResultType]::ParameterName, 'Scan files that git ignores, too')
            [CompletionResult]::new('--no-history', '--no-history', [CompletionResultType]::ParameterName, 'Scan the working tree only')
            [CompletionResult]::new('--history-only', '--history-only', [CompletionResultType]::ParameterName, 'Scan the history only, not the working tree')
            [CompletionResult]::new('--staged', '--staged', [CompletionResultType]::ParameterName, 'Scan only what is staged: the index against HEAD')
            [CompletionResult]::new('--authors', '--authors', [CompletionResultType]::ParameterName, 'Show the addresses of commits'' authors in reports')
            [CompletionResult]::new('--no-archives', '--no-archives', [CompletionResultType]::ParameterName, 'Do not open archives')
            [CompletionResult]::new('--decode-history', '--decode-history', [CompletionResultType]::ParameterName, 'Decode base64, escapes and the like in the whole history, too: slower by half')
            [CompletionResult]::new('--exit-zero', '--exit-zero', [CompletionResultType]::ParameterName, 'Exit 0 in spite of findings')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat limits (sizes, excludes, expired exceptions) as gaps: exit 3')
            [CompletionResult]::new('--no-inline-ignores', '--no-inline-ignores', [CompletionResultType]::ParameterName, 'Report what comments suppress, too')
            [CompletionResult]::new('--show-secrets', '--show-secrets', [CompletionResultType]::ParameterName, 'Show whole secrets in the outputs; never use it where logs are kept')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Use no configuration')
            [CompletionResult]::new('--trust-config', '--trust-config', [CompletionResultType]::ParameterName, 'Believe the configuration of the scanned repository, which else may only demand more')
            [CompletionResult]::new('--no-banner', '--no-banner', [CompletionResultType]::ParameterName, 'Accepted for old habits')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyroll;dir' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Output format, and file if not standard output; repeatable')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format, and file if not standard output; repeatable')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File for the format that names none')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File for the format that names none')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Leave out paths that match; without a slash at any depth')
            [CompletionResult]::new('--branch', '--branch', [CompletionResultType]::ParameterName, 'Scan only the history that this branch, tag or commit reaches; repeatable')
            [CompletionResult]::new('--range', '--range', [CompletionResultType]::ParameterName, 'Scan only what these commits brought in: A..B, or A.. for up to HEAD')
            [CompletionResult]::new('--since-commit', '--since-commit', [CompletionResultType]::ParameterName, 'Scan only what the commits after this one brought in')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'Remember in this folder which blobs of the history were scanned; KEYROLL_CACHE names one, too')
            [CompletionResult]::new('--max-file-size', '--max-file-size', [CompletionResultType]::ParameterName, 'Largest file scanned, in MiB; an export of a cloud may be 64 times as long [default: 64]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Threads [default: one a core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Threads [default: one a core]')
            [CompletionResult]::new('--confidence', '--confidence', [CompletionResultType]::ParameterName, 'Least confidence reported [default: medium]')
            [CompletionResult]::new('--severity', '--severity', [CompletionResultType]::ParameterName, 'Least severity reported [default: low]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Severity from which the exit code is 1 [default: medium]')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Exit code for findings')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'Date that ages are measured against [default: today]')
            [CompletionResult]::new('--members', '--members', [CompletionResultType]::ParameterName, 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left')
            [CompletionResult]::new('--repos', '--repos', [CompletionResultType]::ParameterName, 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead')
            [CompletionResult]::new('--rules', '--rules', [CompletionResultType]::ParameterName, 'More rules: a folder or file of YAML')
            [CompletionResult]::new('--enable-rule', '--enable-rule', [CompletionResultType]::ParameterName, 'Run only these rules and checks')
            [CompletionResult]::new('--disable-rule', '--disable-rule', [CompletionResultType]::ParameterName, 'Do not run these rules and checks')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--key-file', '--key-file', [CompletionResultType]::ParameterName, 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Accepted for old habits: outputs are always redacted')
            [CompletionResult]::new('--sarif-suppressed', '--sarif-suppressed', [CompletionResultType]::ParameterName, 'Write suppressed results into SARIF, too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show every location and notice')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show every location and notice')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No colours; NO_COLOR does the same')
            [CompletionResult]::new('--stdin', '--stdin', [CompletionResultType]::ParameterName, 'Read standard input instead of paths')
            [CompletionResult]::new('--no-gitignore', '--no-gitignore', [CompletionResultType]::ParameterName, 'Scan files that git ignores, too')
            [CompletionResult]::new('--no-history', '--no-history', [CompletionResultType]::ParameterName, 'Scan the working tree only')
            [CompletionResult]::new('--history-only', '--history-only', [CompletionResultType]::ParameterName, 'Scan the history only, not the working tree')
            [CompletionResult]::new('--staged', '--staged', [CompletionResultType]::ParameterName, 'Scan only what is staged: the index against HEAD')
            [CompletionResult]::new('--authors', '--authors', [CompletionResultType]::ParameterName, 'Show the addresses of commits'' authors in reports')
            [CompletionResult]::new('--no-archives', '--no-archives', [CompletionResultType]::ParameterName, 'Do not open archives')
            [CompletionResult]::new('--decode-history', '--decode-history', [CompletionResultType]::ParameterName, 'Decode base64, escapes and the like in the whole history, too: slower by half')
            [CompletionResult]::new('--exit-zero', '--exit-zero', [CompletionResultType]::ParameterName, 'Exit 0 in spite of findings')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat limits (sizes, excludes, expired exceptions) as gaps: exit 3')
            [CompletionResult]::new('--no-inline-ignores', '--no-inline-ignores', [CompletionResultType]::ParameterName, 'Report what comments suppress, too')
            [CompletionResult]::new('--show-secrets', '--show-secrets', [CompletionResultType]::ParameterName, 'Show whole secrets in the outputs; never use it where logs are kept')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Use no configuration')
            [CompletionResult]::new('--trust-config', '--trust-config', [CompletionResultType]::ParameterName, 'Believe the configuration of the scanned repository, which else may only demand more')
            [CompletionResult]::new('--no-banner', '--no-banner', [CompletionResultType]::ParameterName, 'Accepted for old habits')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyroll;hook' {
            [CompletionResult]::new('--hook-type', '--hook-type', [CompletionResultType]::ParameterName, 'Which hook this is')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Output format, and file if not standard output; repeatable')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format, and file if not standard output; repeatable')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File for the format that names none')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File for the format that names none')
            [CompletionResult]::new('--confidence', '--confidence', [CompletionResultType]::ParameterName, 'Least confidence reported [default: medium]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Severity from which the exit code is 1 [default: medium]')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Exit code for findings')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--key-file', '--key-file', [CompletionResultType]::ParameterName, 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'Date that ages are measured against [default: today]')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Accepted for old habits: outputs are always redacted')
            [CompletionResult]::new('--install', '--install', [CompletionResultType]::ParameterName, 'Write the hook into this repository')
            [CompletionResult]::new('--uninstall', '--uninstall', [CompletionResultType]::ParameterName, 'Take the hook out of this repository')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace a hook that keyroll did not write')
            [CompletionResult]::new('--sarif-suppressed', '--sarif-suppressed', [CompletionResultType]::ParameterName, 'Write suppressed results into SARIF, too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show every location and notice')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show every location and notice')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No colours; NO_COLOR does the same')
            [CompletionResult]::new('--exit-zero', '--exit-zero', [CompletionResultType]::ParameterName, 'Exit 0 in spite of findings')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Use no configuration')
            [CompletionResult]::new('--show-secrets', '--show-secrets', [CompletionResultType]::ParameterName, 'Show whole secrets in the outputs; never use it where logs are kept')
            [CompletionResult]::new('--staged', '--staged', [CompletionResultType]::ParameterName, 'Accepted for old habits: the index is always what is scanned')
            [CompletionResult]::new('--no-banner', '--no-banner', [CompletionResultType]::ParameterName, 'Accepted for old habits')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyroll;ci' {
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Where the change starts, instead of what the CI provider says')
            [CompletionResult]::new('--head', '--head', [CompletionResultType]::ParameterName, 'Where it ends')
            [CompletionResult]::new('--members', '--members', [CompletionResultType]::ParameterName, 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left')
            [CompletionResult]::new('--repos', '--repos', [CompletionResultType]::ParameterName, 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Output format, and file if not standard output; repeatable')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format, and file if not standard output; repeatable')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File for the format that names none')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File for the format that names none')
            [CompletionResult]::new('--confidence', '--confidence', [CompletionResultType]::ParameterName, 'Least confidence reported [default: medium]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Severity from which the exit code is 1 [default: medium]')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Exit code for findings')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--key-file', '--key-file', [CompletionResultType]::ParameterName, 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'Date that ages are measured against [default: today]')
            [CompletionResult]::new('--no-new-suppressions', '--no-new-suppressions', [CompletionResultType]::ParameterName, 'Fail when the change adds comments, entries or baseline lines that suppress findings')
            [CompletionResult]::new('--sarif-suppressed', '--sarif-suppressed', [CompletionResultType]::ParameterName, 'Write suppressed results into SARIF, too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show every location and notice')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show every location and notice')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No colours; NO_COLOR does the same')
            [CompletionResult]::new('--exit-zero', '--exit-zero', [CompletionResultType]::ParameterName, 'Exit 0 in spite of findings')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Use no configuration')
            [CompletionResult]::new('--show-secrets', '--show-secrets', [CompletionResultType]::ParameterName, 'Show whole secrets in the outputs; never use it where logs are kept')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyroll;baseline' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Scan everything and write what is found now as known')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Scan everything and take out what is not found any more')
            break
        }
        'keyroll;baseline;create' {
            [CompletionResult]::new('--members', '--members', [CompletionResultType]::ParameterName, 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left')
            [CompletionResult]::new('--repos', '--repos', [CompletionResultType]::ParameterName, 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead')
            [CompletionResult]::new('--confidence', '--confidence', [CompletionResultType]::ParameterName, 'Least confidence reported [default: medium]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Severity from which the exit code is 1 [default: medium]')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Exit code for findings')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--key-file', '--key-file', [CompletionResultType]::ParameterName, 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'Date that ages are measured against [default: today]')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Add to a baseline that is there already; what somebody said of its entries stays')
            [CompletionResult]::new('--no-history', '--no-history', [CompletionResultType]::ParameterName, 'Leave the history out')
            [CompletionResult]::new('--exit-zero', '--exit-zero', [CompletionResultType]::ParameterName, 'Exit 0 in spite of findings')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Use no configuration')
            [CompletionResult]::new('--show-secrets', '--show-secrets', [CompletionResultType]::ParameterName, 'Show whole secrets in the outputs; never use it where logs are kept')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyroll;baseline;prune' {
            [CompletionResult]::new('--members', '--members', [CompletionResultType]::ParameterName, 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left')
            [CompletionResult]::new('--repos', '--repos', [CompletionResultType]::ParameterName, 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead')
            [CompletionResult]::new('--confidence', '--confidence', [CompletionResultType]::ParameterName, 'Least confidence reported [default: medium]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Severity from which the exit code is 1 [default: medium]')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Exit code for findings')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--key-file', '--key-file', [CompletionResultType]::ParameterName, 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'Date that ages are measured against [default: today]')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Add to a baseline that is there already; what somebody said of its entries stays')
            [CompletionResult]::new('--no-history', '--no-history', [CompletionResultType]::ParameterName, 'Leave the history out')
            [CompletionResult]::new('--exit-zero', '--exit-zero', [CompletionResultType]::ParameterName, 'Exit 0 in spite of findings')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Use no configuration')
            [CompletionResult]::new('--show-secrets', '--show-secrets', [CompletionResultType]::ParameterName, 'Show whole secrets in the outputs; never use it where logs are kept')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyroll;triage' {
            [CompletionResult]::new('--members', '--members', [CompletionResultType]::ParameterName, 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left')
            [CompletionResult]::new('--repos', '--repos', [CompletionResultType]::ParameterName, 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead')
            [CompletionResult]::new('--confidence', '--confidence', [CompletionResultType]::ParameterName, 'Least confidence reported [default: medium]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Severity from which the exit code is 1 [default: medium]')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Exit code for findings')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--key-file', '--key-file', [CompletionResultType]::ParameterName, 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'Date that ages are measured against [default: today]')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Add to a baseline that is there already; what somebody said of its entries stays')
            [CompletionResult]::new('--no-history', '--no-history', [CompletionResultType]::ParameterName, 'Leave the history out')
            [CompletionResult]::new('--exit-zero', '--exit-zero', [CompletionResultType]::ParameterName, 'Exit 0 in spite of findings')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Use no configuration')
            [CompletionResult]::new('--show-secrets', '--show-secrets', [CompletionResultType]::ParameterName, 'Show whole secrets in the outputs; never use it where logs are kept')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyroll;import' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('gitleaks', 'gitleaks', [CompletionResultType]::ParameterValue, 'A .gitleaks.toml as configuration on standard output, a .gitleaksignore into the baseline')
            [CompletionResult]::new('detect-secrets', 'detect-secrets', [CompletionResultType]::ParameterValue, 'A .secrets.baseline into the baseline')
            break
        }
        'keyroll;import;gitleaks' {
            [CompletionResult]::new('--confidence', '--confidence', [CompletionResultType]::ParameterName, 'Least confidence reported [default: medium]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Severity from which the exit code is 1 [default: medium]')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Exit code for findings')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--key-file', '--key-file', [CompletionResultType]::ParameterName, 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'Date that ages are measured against [default: today]')
            [CompletionResult]::new('--exit-zero', '--exit-zero', [CompletionResultType]::ParameterName, 'Exit 0 in spite of findings')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Use no configuration')
            [CompletionResult]::new('--show-secrets', '--show-secrets', [CompletionResultType]::ParameterName, 'Show whole secrets in the outputs; never use it where logs are kept')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyroll;import;detect-secrets' {
            [CompletionResult]::new('--confidence', '--confidence', [CompletionResultType]::ParameterName, 'Least confidence reported [default: medium]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Severity from which the exit code is 1 [default: medium]')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Exit code for findings')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--key-file', '--key-file', [CompletionResultType]::ParameterName, 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'Date that ages are measured against [default: today]')
            [CompletionResult]::new('--exit-zero', '--exit-zero', [CompletionResultType]::ParameterName, 'Exit 0 in spite of findings')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Use no configuration')
            [CompletionResult]::new('--show-secrets', '--show-secrets', [CompletionResultType]::ParameterName, 'Show whole secrets in the outputs; never use it where logs are kept')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyroll;stdin' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Output format, and file if not standard output; repeatable')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format, and file if not standard output; repeatable')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File for the format that names none')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File for the format that names none')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Leave out paths that match; without a slash at any depth')
            [CompletionResult]::new('--branch', '--branch', [CompletionResultType]::ParameterName, 'Scan only the history that this branch, tag or commit reaches; repeatable')
            [CompletionResult]::new('--range', '--range', [CompletionResultType]::ParameterName, 'Scan only what these commits brought in: A..B, or A.. for up to HEAD')
            [CompletionResult]::new('--since-commit', '--since-commit', [CompletionResultType]::ParameterName, 'Scan only what the commits after this one brought in')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'Remember in this folder which blobs of the history were scanned; KEYROLL_CACHE names one, too')
            [CompletionResult]::new('--max-file-size', '--max-file-size', [CompletionResultType]::ParameterName, 'Largest file scanned, in MiB; an export of a cloud may be 64 times as long [default: 64]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Threads [default: one a core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Threads [default: one a core]')
            [CompletionResult]::new('--confidence', '--confidence', [CompletionResultType]::ParameterName, 'Least confidence reported [default: medium]')
            [CompletionResult]::new('--severity', '--severity', [CompletionResultType]::ParameterName, 'Least severity reported [default: low]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Severity from which the exit code is 1 [default: medium]')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Exit code for findings')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'Date that ages are measured against [default: today]')
            [CompletionResult]::new('--members', '--members', [CompletionResultType]::ParameterName, 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left')
            [CompletionResult]::new('--repos', '--repos', [CompletionResultType]::ParameterName, 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead')
            [CompletionResult]::new('--rules', '--rules', [CompletionResultType]::ParameterName, 'More rules: a folder or file of YAML')
            [CompletionResult]::new('--enable-rule', '--enable-rule', [CompletionResultType]::ParameterName, 'Run only these rules and checks')
            [CompletionResult]::new('--disable-rule', '--disable-rule', [CompletionResultType]::ParameterName, 'Do not run these rules and checks')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration [default: .keyroll.yml at the top of the current repository]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Findings that were known before [default: the one that the configuration names]')
            [CompletionResult]::new('--key-file', '--key-file', [CompletionResultType]::ParameterName, 'Key for fingerprints, as a file; the variable KEYROLL_KEY holds one, too')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Accepted for old habits: outputs are always redacted')
            [CompletionResult]::new('--sarif-suppressed', '--sarif-suppressed', [CompletionResultType]::ParameterName, 'Write suppressed results into SARIF, too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show every location and notice')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show every location and notice')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No colours; NO_COLOR does the same')
            [CompletionResult]::new('--stdin', '--stdin', [CompletionResultType]::ParameterName, 'Read standard input instead of paths')
            [CompletionResult]::new('--no-gitignore', '--no-gitignore', [CompletionResultType]::ParameterName, 'Scan files that git ignores, too')
            [CompletionResult]::new('--no-history', '--no-history', [CompletionResultType]::ParameterName, 'Scan the working tree only')
            [CompletionResult]::new('--history-only', '--history-only', [CompletionResultType]::ParameterName, 'Scan the history only, not the working tree')
            [CompletionResult]::new('--staged', '--staged', [CompletionResultType]::ParameterName, 'Scan only what is staged: the index against HEAD')
            [CompletionResult]::new('--authors', '--authors', [CompletionResultType]::ParameterName, 'Show the addresses of commits'' authors in reports')
            [CompletionResult]::new('--no-archives', '--no-archives', [CompletionResultType]::ParameterName, 'Do not open archives')
            [CompletionResult]::new('--decode-history', '--decode-history', [CompletionResultType]::ParameterName, 'Decode base64, escapes and the like in the whole history, too: slower by half')
            [CompletionResult]::new('--exit-zero', '--exit-zero', [CompletionResultType]::ParameterName, 'Exit 0 in spite of findings')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Treat limits (sizes, excludes, expired exceptions) as gaps: exit 3')
            [CompletionResult]::new('--no-inline-ignores', '--no-inline-ignores', [CompletionResultType]::ParameterName, 'Report what comments suppress, too')
            [CompletionResult]::new('--show-secrets', '--show-secrets', [CompletionResultType]::ParameterName, 'Show whole secrets in the outputs; never use it where logs are kept')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Use no configuration')
            [CompletionResult]::new('--trust-config', '--trust-config', [CompletionResultType]::ParameterName, 'Believe the configuration of the scanned repository, which else may only demand more')
            [CompletionResult]::new('--no-banner', '--no-banner', [CompletionResultType]::ParameterName, 'Accepted for old habits')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyroll;report' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Output format, and file if not standard output; repeatable')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format, and file if not standard output; repeatable')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File for the format that names none')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File for the format that names none')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Severity from which the exit code is 1 [default: medium]')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Judge anew under this configuration; merged reports are judged under .keyroll.yml at the top of this repository')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Judge anew under this configuration; merged reports are judged under .keyroll.yml at the top of this repository')
            [CompletionResult]::new('--members', '--members', [CompletionResultType]::ParameterName, 'Current members: logins or addresses, one a line, CSV, or JSON of GitHub; owners who are not in it have left')
            [CompletionResult]::new('--repos', '--repos', [CompletionResultType]::ParameterName, 'Current repositories: owner/name, one a line, CSV, or JSON of GitHub or GitLab; trusts in others of their owners are dead')
            [CompletionResult]::new('--sarif-suppressed', '--sarif-suppressed', [CompletionResultType]::ParameterName, 'Write suppressed results into SARIF, too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show every location and notice')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show every location and notice')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No colours; NO_COLOR does the same')
            [CompletionResult]::new('--exit-zero', '--exit-zero', [CompletionResultType]::ParameterName, 'Exit 0 in spite of findings')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Use no configuration')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyroll;diff' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'How to write it')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to write it')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Severity from which what is new or worse makes the exit code 1')
            [CompletionResult]::new('--exit-zero', '--exit-zero', [CompletionResultType]::ParameterName, 'Exit 0 in spite of what is new or worse')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show every change')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show every change')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'No colours; NO_COLOR does the same')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyroll;explain' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Configuration file instead of .keyroll.yml at the top of this repository')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file instead of .keyroll.yml at the top of this repository')
            [CompletionResult]::new('--rules', '--rules', [CompletionResultType]::ParameterName, 'More rules: a folder or file of YAML')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Use no configuration')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'keyroll;rules' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the rules by provider')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Explain one rule')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check rules and their examples: a folder or file, or the rules compiled in')
            [CompletionResult]::new('new', 'new', [CompletionResultType]::ParameterValue, 'Write the beginnings of a rule')
            break
        }
        'keyroll;rules;list' {
            [CompletionResult]::new('--rules', '--rules', [CompletionResultType]::ParameterName, 'More rules: a folder or file of YAML')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'keyroll;rules;explain' {
            [CompletionResult]::new('--rules', '--rules', [CompletionResultType]::ParameterName, 'More rules: a folder or file of YAML')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'keyroll;rules;check' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'keyroll;rules;new' {
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Provider [default: the id up to its first dash]')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Folder that holds the provider''s file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'keyroll;checks' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the checks by risk')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Explain one check')
            break
        }
        'keyroll;checks;list' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'keyroll;checks;explain' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'keyroll;formats' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the formats and the commands that produce exports')
            [CompletionResult]::new('script', 'script', [CompletionResultType]::ParameterValue, 'Print a shell script that collects the exports of a provider, with commands that only read')
            break
        }
        'keyroll;formats;list' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'keyroll;formats;script' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyroll;config' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show which configuration is used here')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check a configuration')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write a configuration with every key explained')
            break
        }
        'keyroll;config;show' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'keyroll;config;check' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'keyroll;config;init' {
            [CompletionResult]::new('--print', '--print', [CompletionResultType]::ParameterName, 'Write it to standard output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'keyroll;generate' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Shell completions')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'The manual page')
            [CompletionResult]::new('candidates', 'candidates', [CompletionResultType]::ParameterValue, 'What the trainer of the ranker reads of every file below a directory, one JSON object a file')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'A JSON Schema')
            [CompletionResult]::new('docs', 'docs', [CompletionResultType]::ParameterValue, 'The reference page of rules, checks or formats, in Markdown')
            break
        }
        'keyroll;generate;completions' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'keyroll;generate;man' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'keyroll;generate;candidates' {
            [CompletionResult]::new('--names', '--names', [CompletionResultType]::ParameterName, 'Only the names of the numbers, in their order')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'keyroll;generate;schema' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyroll;generate;docs' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
