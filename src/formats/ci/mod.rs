//! Pipelines.

pub mod azure_pipelines;
pub mod bitbucket_pipelines;
pub mod buildkite;
pub mod circleci;
pub mod cloud_build;
pub mod codebuild;
mod containers;
pub mod dependabot;
pub mod developer_script;
pub mod drone;
mod github;
pub mod github_action;
pub mod github_actions;
pub mod gitlab_ci;
mod jenkins;
pub mod jenkins_casc;
pub mod jenkins_job;
pub mod jenkinsfile;
mod pipeline;
pub mod travis;
pub mod woodpecker;

use super::Format;

/// The pipeline formats, in the order in which they are asked.
pub const FORMATS: &[&Format] = &[
    &github_actions::FORMAT,
    &github_action::FORMAT,
    &azure_pipelines::FORMAT,
    &gitlab_ci::FORMAT,
    &circleci::FORMAT,
    &bitbucket_pipelines::FORMAT,
    &travis::FORMAT,
    &dependabot::FORMAT,
    &jenkinsfile::FORMAT,
    &jenkins_casc::FORMAT,
    &jenkins_job::FORMAT,
    &buildkite::FORMAT,
    &drone::FORMAT,
    &woodpecker::FORMAT,
    &codebuild::FORMAT,
    &cloud_build::FORMAT,
    &developer_script::FORMAT,
];
