//! The providers that uses of credentials name.

/// Providers to which workloads of some kind can log in by federation, sorted.
pub const FEDERATING: &[&str] = &["aws", "azure", "crates-io", "gcp", "ghcr", "npm", "pypi", "rubygems", "vault"];

/// The other providers that a use of a credential may be found to open, sorted.
pub const OTHERS: &[&str] = &[
    "airtable",
    "anthropic",
    "atlassian",
    "azure-devops",
    "brave",
    "cloudflare",
    "codecov",
    "cohere",
    "context7",
    "database",
    "datadog",
    "deepseek",
    "digitalocean",
    "discord",
    "docker",
    "elevenlabs",
    "exa",
    "figma",
    "firecrawl",
    "git",
    "github",
    "gitlab",
    "groq",
    "hcp",
    "heroku",
    "huggingface",
    "jenkins",
    "kubernetes",
    "langchain",
    "linear",
    "maven-central",
    "mistral",
    "netlify",
    "notion",
    "nuget",
    "openai",
    "openrouter",
    "perplexity",
    "pinecone",
    "pulumi",
    "quay",
    "registry",
    "sauce",
    "sentry",
    "slack",
    "snowflake",
    "snyk",
    "sonar",
    "ssh",
    "stripe",
    "supabase",
    "tavily",
    "terraform",
    "vercel",
];

/// Whether a use of a credential may name this provider.
#[must_use]
pub fn is_known(provider: &str) -> bool {
    [FEDERATING, OTHERS].iter().any(|all| all.binary_search(&provider).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_name_nothing_twice() {
        for list in [FEDERATING, OTHERS] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "{list:?}");
        }
        assert!(FEDERATING.iter().all(|provider| !OTHERS.contains(provider)));
    }
}
