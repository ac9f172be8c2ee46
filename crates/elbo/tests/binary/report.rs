//! `elbo report`, and the page that every training leaves.

use std::fs;

use crate::sandbox::Sandbox;

#[test]
fn every_training_leaves_a_page_that_needs_nothing_else() {
    let sandbox = Sandbox::with_digits(150, 50);
    let outcome = sandbox.train(&["--epochs", "3", "--image-every", "1"]);
    assert!(outcome.stdout.contains("look:    runs/0001/report.html (all of it on one page)\n"));
    let page = sandbox.text("runs/0001/report.html");
    for outside in ["http:", "https:", "src=\"r", "<link rel=\"stylesheet"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let metrics = sandbox.text("runs/0001/metrics.csv");
    let loss: f64 = metrics.lines().nth(3).unwrap().split(',').nth(6).unwrap().parse().unwrap();
    for part in [
        "<h1>VAE 784-16-3 on images 28×28</h1>",
        &format!("<dt>test loss</dt><dd>{loss:.2}</dd>"),
        "<dt>batch-size</dt><dd>128</dd>",
        "alt=\"Reconstructions of epoch 3\"",
        "alt=\"Images drawn from the prior\"",
        "<dt>an epoch, tested</dt>",
        "aria-label=\"Loss = reconstruction + KL\"",
        "class=\"dots c7\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(page.matches("data:image/png;base64,").count(), 4);
    assert!(!page.contains("{{"), "a place of the template is left");
}

#[test]
fn the_page_of_a_run_is_written_again_the_same() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "2", "--image-every", "1", "--threads", "1"]);
    let page = sandbox.text("runs/0001/report.html");
    fs::remove_file(sandbox.path("runs/0001/report.html")).unwrap();
    let outcome = sandbox.elbo(["report", "runs/0001", "--threads", "1"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), "runs/0001/report.html\n"));
    assert!(page == sandbox.text("runs/0001/report.html"));

    // Of an earlier checkpoint: its epochs only.
    let outcome = sandbox.elbo(["report", "runs/0001/checkpoints/epoch-0001.safetensors"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let earlier = sandbox.text("runs/0001/report.html");
    assert!(earlier.contains("<dt>epochs</dt><dd>1</dd>") && earlier != page);
    assert!(
        earlier.contains("<th scope=\"row\">1</th>")
            && !earlier.contains("<th scope=\"row\">2</th>")
    );
}

#[test]
fn names_with_odd_letters_stay_text() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "1", "--out", "<b>&run"]);
    let page = sandbox.text("<b>&run/report.html");
    assert!(page.contains("&lt;b&gt;&amp;run") && !page.contains("<b>"));
}

#[test]
fn a_report_on_nothing_is_refused() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.elbo(["report", "nowhere"]).is_refused_with(&["nowhere"]);
    sandbox.train(&["--epochs", "1"]);
    fs::copy(
        sandbox.path("runs/0001/checkpoints/last.safetensors"),
        sandbox.path("alone.safetensors"),
    )
    .unwrap();
    let outcome = sandbox.elbo(["report", "alone.safetensors"]);
    outcome.is_refused_with(&["alone.safetensors: lies in no run folder; name a run folder"]);
    sandbox.write_digits("digits", 151, 50);
    let outcome = sandbox.elbo(["report", "runs/0001"]);
    outcome.is_refused_with(&["was trained on", "--data-dir"]);
}

#[test]
fn images_of_another_size_and_two_dimensions_have_a_page_too() {
    let sandbox = Sandbox::new();
    sandbox.write_set("digits", &Sandbox::split(131, 5, 7), &Sandbox::split(20, 5, 7));
    let train = ["train", "--data-dir", "digits", "--epochs", "1", "--hidden", "8"];
    for latent in ["1", "2"] {
        let outcome = sandbox.elbo(train.iter().chain(&["--latent", latent, "--image-every", "0"]));
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    }
    let page = sandbox.text("runs/0002/report.html");
    assert!(page.contains("\"rows\":5,\"columns\":7,\"hidden\":8,\"latent\":2"));
    assert!(page.contains("None were kept; see <code>--image-every</code>."));
}
