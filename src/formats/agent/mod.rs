//! Configurations of AI agents and of the tool servers that they call.

mod address;
pub mod aider;
pub mod autogen;
pub mod claude_code;
pub mod codex;
pub mod continue_dev;
pub mod dify;
pub mod flowise;
pub mod gemini_cli;
pub mod goose;
mod holder;
mod host;
pub mod litellm;
pub mod mcp;
pub mod n8n;
pub mod opencode;
mod package;
mod scope;
mod server;
mod value;
pub mod vscode;
pub mod zed;

use super::Format;

/// The formats of this folder, in the order in which they are asked: those that go by path before those that look inside.
pub const FORMATS: &[&Format] = &[
    &claude_code::FORMAT,
    &codex::FORMAT,
    &gemini_cli::FORMAT,
    &vscode::FORMAT,
    &zed::FORMAT,
    &opencode::FORMAT,
    &continue_dev::FORMAT,
    &goose::FORMAT,
    &aider::FORMAT,
    &autogen::FORMAT,
    &litellm::FORMAT,
    &mcp::FORMAT,
    &n8n::FORMAT,
    &flowise::FORMAT,
    &dify::FORMAT,
];
