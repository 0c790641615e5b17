//! Where other catalogues speak of what a check finds: CWE, CIS Benchmarks, NIST CSF 2.0, NIST AI RMF, CSA MAESTRO.
//!
//! CWE: <https://cwe.mitre.org/data/>. CSF 2.0: <https://www.nist.gov/cyberframework>. AI RMF 1.0:
//! <https://airc.nist.gov/airmf-resources/airmf/5-sec-core/>. MAESTRO:
//! <https://cloudsecurityalliance.org/blog/2025/02/06/agentic-ai-threat-modeling-framework-maestro>. CIS numbers move from
//! version to version, so each is named with its own; they are texts, because `1.10` is no number.

use crate::model::Risk;

/// What other catalogues say to one check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frameworks {
    /// Weaknesses: number and name.
    pub cwe: Vec<(u16, &'static str)>,
    /// Recommendations of CIS Benchmarks, with the benchmark's version.
    pub cis: &'static [&'static str],
    /// Subcategories of NIST CSF 2.0.
    pub csf: &'static [&'static str],
    /// Subcategories of NIST AI RMF 1.0.
    pub ai_rmf: &'static [&'static str],
    /// Layers and threats of CSA MAESTRO.
    pub maestro: &'static [&'static str],
}

/// Names of the weaknesses that are spoken of.
const CWE: &[(u16, &str)] = &[
    (223, "Omission of Security-relevant Information"),
    (250, "Execution with Unnecessary Privileges"),
    (262, "Not Using Password Aging"),
    (263, "Password Aging with Long Expiration"),
    (266, "Incorrect Privilege Assignment"),
    (269, "Improper Privilege Management"),
    (282, "Improper Ownership Management"),
    (284, "Improper Access Control"),
    (287, "Improper Authentication"),
    (295, "Improper Certificate Validation"),
    (306, "Missing Authentication for Critical Function"),
    (312, "Cleartext Storage of Sensitive Information"),
    (319, "Cleartext Transmission of Sensitive Information"),
    (324, "Use of a Key Past its Expiration Date"),
    (326, "Inadequate Encryption Strength"),
    (327, "Use of a Broken or Risky Cryptographic Algorithm"),
    (345, "Insufficient Verification of Data Authenticity"),
    (346, "Origin Validation Error"),
    (347, "Improper Verification of Cryptographic Signature"),
    (441, "Unintended Proxy or Intermediary ('Confused Deputy')"),
    (494, "Download of Code Without Integrity Check"),
    (522, "Insufficiently Protected Credentials"),
    (532, "Insertion of Sensitive Information into Log File"),
    (538, "Insertion of Sensitive Information into Externally-Accessible File or Directory"),
    (540, "Inclusion of Sensitive Information in Source Code"),
    (598, "Use of GET Request Method With Sensitive Query Strings"),
    (613, "Insufficient Session Expiration"),
    (653, "Improper Isolation or Compartmentalization"),
    (668, "Exposure of Resource to Wrong Sphere"),
    (672, "Operation on a Resource after Expiration or Release"),
    (732, "Incorrect Permission Assignment for Critical Resource"),
    (778, "Insufficient Logging"),
    (798, "Use of Hard-coded Credentials"),
    (829, "Inclusion of Functionality from Untrusted Control Sphere"),
    (863, "Incorrect Authorization"),
    (1188, "Initialization of a Resource with an Insecure Default"),
    (1357, "Reliance on Insufficiently Trustworthy Component"),
    (1391, "Use of Weak Credentials"),
    (1392, "Use of Default Credentials"),
];

/// Weaknesses of single checks, by the beginning of their ids; the first that fits counts.
const CWE_OF_CHECKS: &[(&str, &[u16])] = &[
    ("NHI1-aws-key", &[672, 262]),
    ("NHI1-entra-app-unowned", &[282]),
    ("NHI1-owner", &[282]),
    ("NHI2-broken-encryption", &[312]),
    ("NHI2-ci-echo", &[532]),
    ("NHI2-export", &[538, 540]),
    ("NHI2-image", &[522, 538]),
    ("NHI3-aws-no-externalid", &[441]),
    ("NHI3-curl-pipe", &[494]),
    ("NHI4-anon", &[306]),
    ("NHI4-default-cred", &[1392]),
    ("NHI4-imdsv1", &[306, 1188]),
    ("NHI4-jwt-weak", &[347, 327]),
    ("NHI4-key-in-query", &[598]),
    ("NHI4-plain-http", &[319]),
    ("NHI4-tls-off", &[295]),
    ("NHI4-weak-key", &[326, 327]),
    ("NHI4-webhook", &[345]),
    ("NHI6-aws-aud", &[345]),
    ("NHI6-aws-oidc", &[863, 346]),
    ("NHI6-ci-static", &[798, 522]),
    ("NHI6-entra-fic", &[863, 346]),
    ("NHI6-gcp", &[863, 346]),
    ("NHI6-oidc", &[863, 346]),
    ("NHI6-prt-checkout", &[829, 863]),
    ("NHI6-sub-format", &[346]),
    ("NHI7-cert-life", &[613]),
    ("NHI7-jwt", &[613]),
    ("NHI7-k8s", &[613]),
    ("NHI7-sas", &[613]),
];

/// CIS recommendations of single checks.
const CIS_OF_CHECKS: &[(&str, &[&str])] = &[
    (
        "NHI1-aws-key-unused",
        &["CIS AWS Foundations v7.0.0 2.11", "CIS AWS Foundations v5.0.0 1.11", "CIS AWS Foundations v3.0.0 1.12"],
    ),
    (
        "NHI5-aws-admin",
        &["CIS AWS Foundations v7.0.0 2.14", "CIS AWS Foundations v5.0.0 1.15", "CIS AWS Foundations v3.0.0 1.16"],
    ),
    (
        "NHI5-aws-root-key",
        &["CIS AWS Foundations v7.0.0 2.4", "CIS AWS Foundations v5.0.0 1.3", "CIS AWS Foundations v3.0.0 1.4"],
    ),
    (
        "NHI6-iac-static-key",
        &["CIS AWS Foundations v7.0.0 2.16", "CIS AWS Foundations v5.0.0 1.17", "CIS AWS Foundations v3.0.0 1.18"],
    ),
    (
        "NHI7-aws-key-age",
        &["CIS AWS Foundations v7.0.0 2.12", "CIS AWS Foundations v5.0.0 1.13", "CIS AWS Foundations v3.0.0 1.14"],
    ),
    ("NHI7-kms-norotate", &["CIS AWS Foundations v7.0.0 4.6", "CIS AWS Foundations v5.0.0 3.6"]),
    ("NHI9-two-active-keys", &["CIS AWS Foundations v5.0.0 1.12"]),
    ("NHI2-k8s-secret-manifest", &["CIS Kubernetes 5.4.1", "CIS Kubernetes 5.4.2"]),
    ("NHI5-k8s-clusteradmin", &["CIS Kubernetes 5.1.1"]),
    ("NHI5-k8s-danger-verbs", &["CIS Kubernetes 5.1.2", "CIS Kubernetes 5.1.3"]),
    ("NHI9-k8s-shared-sa", &["CIS Kubernetes 5.1.5"]),
    ("NHI3-gha-unpinned", &["CIS GitHub v1.2.0 3.1.1"]),
];

/// What other catalogues say to a check or rule of a risk.
#[must_use]
pub fn of(id: &str, risk: Risk) -> Frameworks {
    let general = general(risk);
    let numbers = CWE_OF_CHECKS.iter().find(|(start, _)| id.starts_with(start)).map_or(general.0, |(_, cwe)| *cwe);
    let named = |number: &u16| CWE.iter().find(|(known, _)| known == number).copied();
    Frameworks {
        cwe: numbers.iter().filter_map(named).collect(),
        cis: CIS_OF_CHECKS.iter().find(|(check, _)| *check == id).map_or(&[], |(_, cis)| cis),
        csf: general.1,
        ai_rmf: general.2,
        maestro: general.3,
    }
}

type General = (&'static [u16], &'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// CWE, CSF, AI RMF and MAESTRO of a whole risk.
fn general(risk: Risk) -> General {
    match risk {
        Risk::Nhi1 => (
            &[672, 282],
            &["PR.AA-01", "ID.AM-08", "GV.SC-10", "GV.RR-02"],
            &["GOVERN 1.7", "MANAGE 2.4"],
            &["L7 Agent Ecosystem: Compromised Agents", "L6 Security and Compliance"],
        ),
        Risk::Nhi2 => (
            &[798, 522, 540],
            &["PR.DS-01", "PR.AA-01", "PR.PS-06", "DE.CM-09"],
            &["MEASURE 2.7"],
            &["L2 Data Operations: Data Exfiltration", "L5 Evaluation and Observability: Data Leakage"],
        ),
        Risk::Nhi3 => (
            &[829, 1357],
            &["GV.SC-04", "GV.SC-07", "ID.AM-04", "DE.CM-06"],
            &["GOVERN 6.1", "MAP 4.1", "MANAGE 3.1"],
            &["L3 Agent Frameworks: Supply Chain", "L4 Deployment and Infrastructure"],
        ),
        Risk::Nhi4 => (
            &[287],
            &["PR.AA-03", "PR.AA-04", "PR.DS-02"],
            &["MEASURE 2.7"],
            &["L7 Agent Ecosystem: Agent Identity Attack"],
        ),
        Risk::Nhi5 => (
            &[250, 269, 266],
            &["PR.AA-05"],
            &["MANAGE 2.4", "MAP 3.5"],
            &["L4 Deployment and Infrastructure: Lateral Movement", "L7 Agent Ecosystem: Agent Tool Misuse"],
        ),
        Risk::Nhi6 => (
            &[1188, 284],
            &["PR.PS-01", "PR.AA-04", "PR.IR-01"],
            &["MEASURE 2.7"],
            &["L4 Deployment and Infrastructure: Infrastructure-as-Code Manipulation"],
        ),
        Risk::Nhi7 => (
            &[324, 263],
            &["PR.AA-01", "ID.AM-08"],
            &["GOVERN 1.7"],
            &["L6 Security and Compliance", "L4 Deployment and Infrastructure"],
        ),
        Risk::Nhi8 => (
            &[653, 668],
            &["PR.IR-01", "PR.AA-05"],
            &["MAP 4.1"],
            &["L4 Deployment and Infrastructure: Lateral Movement"],
        ),
        Risk::Nhi9 => (
            &[653, 522],
            &["PR.AA-01", "PR.AA-02", "PR.AA-05"],
            &["GOVERN 2.1"],
            &["L7 Agent Ecosystem: Agent Identity Attack", "L4 Deployment and Infrastructure"],
        ),
        Risk::Nhi10 => (
            &[778, 223],
            &["PR.AA-02", "PR.PS-04", "DE.CM-03"],
            &["MEASURE 2.8", "MAP 3.5"],
            &["L7 Agent Ecosystem: Repudiation", "L5 Evaluation and Observability"],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::CHECKS;

    #[test]
    fn every_weakness_that_is_named_has_a_name_and_every_check_has_one() {
        let known = |number: &u16| CWE.iter().any(|(n, _)| n == number);
        assert!(CWE_OF_CHECKS.iter().flat_map(|(_, cwe)| *cwe).all(known));
        for check in CHECKS {
            let all = of(check.id, check.risk);
            assert!(
                !all.cwe.is_empty() && !all.csf.is_empty() && !all.ai_rmf.is_empty() && !all.maestro.is_empty(),
                "{}",
                check.id
            );
        }
        assert!(Risk::ALL.iter().flat_map(|risk| general(*risk).0).all(known));
    }

    #[test]
    fn what_is_listed_for_one_check_is_listed_for_a_check_that_exists() {
        let exists = |start: &str| CHECKS.iter().any(|check| check.id.starts_with(start));
        let missing: Vec<&str> = CWE_OF_CHECKS
            .iter()
            .map(|(s, _)| *s)
            .chain(CIS_OF_CHECKS.iter().map(|(s, _)| *s))
            .filter(|s| !exists(s))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
