//! What a newcomer types, and what the answer is.

use crate::sandbox::Sandbox;

#[test]
fn values_that_no_training_can_work_with_are_refused_in_one_line() {
    let sandbox = Sandbox::with_digits(150, 50);
    for (flag, value) in [
        ("--epochs", "0"),
        ("--batch-size", "0"),
        ("--batch-size", "151"),
        ("--lr", "0"),
        ("--lr", "-1"),
        ("--lr", "nan"),
        ("--lr", "inf"),
        ("--latent", "0"),
        ("--hidden", "0"),
        ("--hidden", "99999999999"),
        ("--seed", "18446744073709551615"),
    ] {
        let outcome = sandbox.elbo(["train", "--data-dir", "digits", flag, value]);
        outcome.is_refused_with(&[&format!("elbo: {flag}: "), "; give "]);
    }
    assert!(!sandbox.path("runs").exists());
}

#[test]
fn a_mistyped_flag_is_answered_with_the_right_one() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.elbo(["train", "--epoch", "3"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("'--epochs'"), "{}", outcome.stderr);
    assert_eq!(sandbox.elbo(["train", "--epochs", "three"]).code, Some(2));
    assert_eq!(sandbox.elbo(["trian"]).code, Some(2));
}

#[test]
fn help_and_version_are_there() {
    let sandbox = Sandbox::new();
    let help = sandbox.elbo(["train", "--help"]);
    assert_eq!(help.code, Some(0));
    for flag in ["--data-dir", "--resume", "--config", "--image-every", "ELBO_MNIST_DIR"] {
        assert!(help.stdout.contains(flag), "{flag}");
    }
    assert!(sandbox.elbo(["--version"]).stdout.starts_with("elbo "));
}

#[test]
fn a_plan_names_every_entry() {
    let outcome = Sandbox::new().elbo(["plan", "--hidden", "16"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    for entry in ["\ntrain: ", "\ntrain_tail: ", "\nevaluate: ", "\nsample: "] {
        assert!(outcome.stdout.contains(entry), "{entry:?}");
    }
    Sandbox::new().elbo(["plan", "--latent", "0"]).is_refused_with(&["--latent: "]);
}

#[test]
fn a_bad_proxy_is_refused_without_its_password() {
    let proxy = [("https_proxy", "nonsense://me:secret@"), ("ELBO_OFFLINE", "0")];
    let outcome = Sandbox::new().elbo_with(["train"], &proxy);
    outcome.is_refused_with(&["***@: not a proxy's address", "http://host:port"]);
    assert!(!outcome.stderr.contains("secret"));
}
