//! What workflows and composite actions of GitHub share: expressions, actions, logins and how a job authenticates.
//!
//! Syntax: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax>.

pub mod action;
pub mod call;
pub mod checkout;
pub mod condition;
pub mod expr;
pub mod gate;
pub mod job;
pub mod login;
pub mod permissions;
pub mod reads;
pub mod script;
pub mod step;
pub mod triggers;
