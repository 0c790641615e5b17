//! The programs whose configurations are read, and the files that each reads.

use crate::model::RepoPath;

/// A program that runs an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Host {
    /// Stable word for it.
    pub(super) id: &'static str,
    /// Name for people.
    pub(super) name: &'static str,
    /// Whether it expands `$NAME` without braces.
    pub(super) bare: bool,
}

const fn host(id: &'static str, name: &'static str) -> Host {
    Host { id, name, bare: false }
}

/// Claude Code (<https://code.claude.com/docs/en/settings>).
pub(super) const CLAUDE_CODE: Host = host("claude-code", "Claude Code");
/// VS Code with Copilot (<https://code.visualstudio.com/docs/copilot/reference/mcp-configuration>).
pub(super) const VS_CODE: Host = host("vs-code", "VS Code");
/// Codex (<https://developers.openai.com/codex/config-reference/>).
pub(super) const CODEX: Host = host("codex", "Codex");
/// Gemini CLI and what was made of it; they expand `$NAME` (<https://geminicli.com/docs/cli/configuration>).
pub(super) const GEMINI: Host = Host { id: "gemini-cli", name: "Gemini CLI", bare: true };
/// Zed (<https://zed.dev/docs/ai/mcp>).
pub(super) const ZED: Host = host("zed", "Zed");
/// Continue (<https://docs.continue.dev/reference>).
pub(super) const CONTINUE: Host = host("continue", "Continue");
/// opencode (<https://opencode.ai/docs/config>).
pub(super) const OPENCODE: Host = host("opencode", "opencode");
/// goose (<https://block.github.io/goose/docs/guides/config-file>).
pub(super) const GOOSE: Host = host("goose", "goose");
/// aider (<https://aider.chat/docs/config/aider_conf.html>).
pub(super) const AIDER: Host = host("aider", "aider");
/// LiteLLM's proxy (<https://docs.litellm.ai/docs/proxy/configs>).
pub(super) const LITELLM: Host = host("litellm", "LiteLLM proxy");
/// AutoGen (<https://microsoft.github.io/autogen/0.2/docs/topics/llm_configuration/>).
pub(super) const AUTOGEN: Host = host("autogen", "AutoGen");
/// A host that the path does not name.
const ANY: Host = host("mcp", "MCP client");

/// Hosts by the end of the path of a file that lists tool servers in JSON.
const FILES: &[(&str, Host)] = &[
    (".cursor/mcp.json", host("cursor", "Cursor")),
    (".vscode/mcp.json", VS_CODE),
    ("Code/User/mcp.json", VS_CODE),
    (".github/mcp.json", host("copilot-cli", "Copilot CLI")),
    (".copilot/mcp-config.json", host("copilot-cli", "Copilot CLI")),
    (".mcp.json", CLAUDE_CODE),
    (".claude/mcp.json", CLAUDE_CODE),
    ("claude_desktop_config.json", host("claude-desktop", "Claude Desktop")),
    (".codeium/windsurf/mcp_config.json", host("windsurf", "Windsurf")),
    (".windsurf/mcp_config.json", host("windsurf", "Windsurf")),
    (".windsurf/mcp.json", host("windsurf", "Windsurf")),
    ("cline_mcp_settings.json", host("cline", "Cline")),
    (".cline/mcp.json", host("cline", "Cline")),
    (".roo/mcp.json", host("roo-code", "Roo Code")),
    (".kilocode/mcp.json", host("kilo-code", "Kilo Code")),
    (".amazonq/mcp.json", host("amazon-q", "Amazon Q")),
    (".aws/amazonq/mcp.json", host("amazon-q", "Amazon Q")),
    (".amazonq/default.json", host("amazon-q", "Amazon Q")),
    (".kiro/settings/mcp.json", host("kiro", "Kiro")),
    (".junie/mcp/mcp.json", host("junie", "Junie")),
    (".factory/mcp.json", host("factory", "Factory")),
    (".lmstudio/mcp.json", host("lm-studio", "LM Studio")),
    (".augment/mcp.json", host("augment", "Augment")),
    (".trae/mcp.json", host("trae", "Trae")),
    ("mcp_config.json", ANY),
    ("mcp_settings.json", ANY),
    ("mcp_servers.json", ANY),
    ("mcp-config.json", ANY),
    ("mcp.json", ANY),
];

/// Whether a path ends in these segments.
pub(super) fn ends(path: &RepoPath, end: &str) -> bool {
    let rest = path.as_bytes().strip_suffix(end.as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(b"/"))
}

/// Whether a path has this directory, and its file directly below ends so.
pub(super) fn is_in(path: &RepoPath, directory: &str, end: &str) -> bool {
    let file = path.file_name();
    let Some(folders) = path.as_bytes().strip_suffix(file).and_then(|rest| rest.strip_suffix(b"/")) else {
        return false;
    };
    let above = folders.strip_suffix(directory.as_bytes());
    file.ends_with(end.as_bytes()) && above.is_some_and(|above| above.is_empty() || above.ends_with(b"/"))
}

/// The host that reads a file of tool servers, when its path says so.
pub(super) fn by_path(path: &RepoPath) -> Option<Host> {
    if is_in(path, ".amazonq/cli-agents", ".json") {
        return Some(host("amazon-q", "Amazon Q"));
    }
    if is_in(path, ".kiro/agents", ".json") {
        return Some(host("kiro", "Kiro"));
    }
    if ends(path, "gemini-extension.json") {
        return Some(GEMINI);
    }
    if ends(path, ".claude-plugin/plugin.json") {
        return Some(CLAUDE_CODE);
    }
    FILES.iter().find(|(end, _)| ends(path, end)).map(|(_, host)| *host)
}

/// The host of a file that was told by its content.
pub(super) fn of(path: &RepoPath) -> Host {
    by_path(path).unwrap_or(ANY)
}
