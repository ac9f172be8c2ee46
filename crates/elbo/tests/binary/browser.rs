//! The page of a run in a real browser: what its decoder draws, what moves it, what it asks for.

mod chromium;

use std::fs;

use elbo::{Device, Resumed, Settings, Training, pictures};
use serde_json::Value;

use crate::sandbox::Sandbox;
use chromium::{Shown, chromium, open};

/// Notes what goes wrong, from the first line on.
const WATCH: &str = r#"<script>
window.wrong = [];
addEventListener("error", (event) => wrong.push(String(event.message)));
addEventListener("unhandledrejection", (event) => wrong.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) => wrong.push("asks for " + event.blockedURI));
for (const level of ["error", "warn"]) console[level] = (...words) => wrong.push(words.join(" "));
</script>"#;

/// Runs a script at the end of a run's page, in a window of a size. Returns what the script returns.
fn visit(sandbox: &Sandbox, run: &str, size: &str, script: &str) -> Option<Value> {
    let chromium = chromium(sandbox)?;
    let report = sandbox.text(&format!("{run}/report.html"));
    let test = format!(
        "<script>(() => {{ let outcome; try {{ outcome = (() => {{ {script} }})(); }} \
         catch (error) {{ wrong.push(String(error.stack)); }} \
         const pre = document.createElement('pre'); pre.id = 'outcome'; \
         pre.textContent = JSON.stringify({{ outcome, wrong }}); document.body.append(pre); }})();\
         </script></body>"
    );
    let page = report.replacen("<head>", &format!("<head>{WATCH}"), 1).replace("</body>", &test);
    let file = sandbox.path("tested.html");
    fs::write(&file, page).unwrap();
    let Shown { dom, log } = open(chromium, sandbox, &file, size).expect("Chromium starts");
    assert!(!log.contains(":CONSOLE"), "{log}");
    let outcome =
        dom.split_once("<pre id=\"outcome\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let (json, _) = outcome.unwrap_or_else(|| panic!("the page gave no outcome\n{log}"));
    let json = json.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let mut value: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["wrong"], serde_json::json!([]), "{size}");
    Some(value["outcome"].take())
}

/// Sets of latents: none, all at an end, and some in between.
fn places(latent: usize) -> Vec<Vec<f32>> {
    let wave = |place: usize, i: usize| 3.0 * ((7 * place + 3 * i) as f32).sin();
    let mut places = vec![vec![0.0; latent], vec![4.0; latent], vec![-4.0; latent]];
    places.extend((0..12).map(|place| (0..latent).map(|i| wave(place, i)).collect::<Vec<f32>>()));
    places
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// A run with a model of the usual size.
fn trained() -> Sandbox {
    let sandbox = Sandbox::with_digits(352, 60);
    let train = ["train", "--data-dir", "digits", "--epochs", "4", "--image-every", "1"];
    let outcome = sandbox.elbo(train.iter().chain(&["--batch-size", "32", "--lr", "3e-3"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    sandbox
}

#[test]
fn the_page_draws_what_the_decoder_draws_and_moves_when_it_is_moved() {
    let sandbox = trained();
    let size = sandbox.bytes("runs/0001/report.html").len();
    assert!(size < 4_000_000, "{size} bytes");

    let resumed = Resumed::open(&sandbox.path("runs/0001")).unwrap();
    let data = elbo_data::load(&sandbox.path("digits")).unwrap();
    let settings = Settings::of(&resumed.record);
    let mut training = Training::new(data.clone(), &settings, Device::default()).unwrap();
    training.restore(&resumed.checkpoint, &resumed.path).unwrap();
    let places = places(settings.latent);
    let drawn = training.decode(&places.concat()).unwrap();

    let script = r##"
        const all = (selector) => [...document.querySelectorAll(selector)];
        const picture = () => {
          // A copy, as reading a canvas often makes the browser advise against it.
          const { width, height } = document.getElementById("picture");
          const copy = Object.assign(document.createElement("canvas"), { width, height });
          const context = copy.getContext("2d", { willReadFrequently: true });
          context.drawImage(document.getElementById("picture"), 0, 0);
          const data = context.getImageData(0, 0, width, height).data;
          return Array.from(data).filter((_, i) => i % 4 === 0);
        };
        const input = (slider, value) => {
          slider.value = value;
          slider.dispatchEvent(new Event("input", { bubbles: true }));
        };
        const states = {};
        const note = (name) => states[name] = { latents: explorer.latents(), picture: picture() };
        const sliders = all("#sliders input"), digits = all("#digits button");
        const morph = document.getElementById("morph"), map = document.getElementById("map");
        note("start");
        input(sliders[0], 3.5);
        note("slider");
        digits[5].click();
        note("digit");
        input(morph, 0);
        note("back");
        input(morph, 0.5);
        note("half");
        document.getElementById("random").click();
        note("random");
        document.getElementById("origin").click();
        note("origin");
        const box = map.getBoundingClientRect();
        const at = { clientX: box.left + box.width / 4, clientY: box.top + box.height / 4 };
        map.dispatchEvent(new PointerEvent("pointermove", { ...at, buttons: 1 }));
        note("drag");
        map.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
        note("key");
        map.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
        note("key back");
        const reachable = all("input, button, summary, #map");
        return {
          states,
          sliders: sliders.length,
          pressed: all("[aria-pressed=true]").length,
          pictures: PLACES.map((place) => Array.from(explorer.decode(place))),
          rate: explorer.rate,
          unreachable: reachable.filter((one) => one.tabIndex < 0).length,
          nameless: all("input, button, img, svg, canvas[role]").filter((one) =>
            !(one.ariaLabel || one.alt || one.textContent.trim() || (one.labels || [])[0])).length,
          outside: performance.getEntriesByType("resource").map((one) => one.name),
          images: all("img").every((image) => image.complete && image.naturalWidth > 0),
        };
    "##;
    let script = script.replace("PLACES", &serde_json::to_string(&places).unwrap());
    let Some(page) = visit(&sandbox, "runs/0001", "1280,900", &script) else { return };

    let mut worst: f64 = 0.0;
    for (image, picture) in drawn.chunks_exact(784).zip(page["pictures"].as_array().unwrap()) {
        for (value, grey) in image.iter().zip(floats(picture)) {
            worst = worst.max((f64::from(pictures::grey(*value)) - grey).abs());
        }
    }
    assert!(worst <= 1.0, "{worst} of 255");
    assert_eq!(page["pictures"].as_array().unwrap().len(), places.len());

    let state = |name: &str| {
        let state = &page["states"][name];
        (floats(&state["latents"]), floats(&state["picture"]))
    };
    let moved = |from: &str, to: &str| {
        assert_ne!(state(from).1, state(to).1, "the picture stays from {from} to {to}");
    };
    assert_eq!(page["sliders"], 20);
    for (from, to) in [
        ("start", "slider"),
        ("slider", "digit"),
        ("digit", "half"),
        ("half", "random"),
        ("random", "origin"),
        ("origin", "drag"),
        ("drag", "key"),
    ] {
        moved(from, to);
    }
    let (start, slider) = (state("start").0, state("slider").0);
    assert_eq!((slider[0], &slider[1..]), (3.5, &start[1..]));
    // What is shown is what the decoder makes of where the sliders stand.
    let latents: Vec<f32> = state("random").0.iter().map(|value| *value as f32).collect();
    let image = training.decode(&latents).unwrap();
    let shown = state("random").1;
    assert!(
        image.iter().zip(&shown).all(|(a, b)| (f64::from(pictures::grey(*a)) - b).abs() <= 1.0)
    );
    // The sixth button is the second image of the third label.
    let labels = &data.test.labels;
    let third = labels.iter().copied().filter(|label| *label == 2);
    assert!(third.count() >= 2, "{labels:?}");
    let second = labels.iter().enumerate().filter(|(_, label)| **label == 2).nth(1).unwrap().0;
    let mean = training.means(data.test.images.get(second).unwrap()).unwrap();
    let expected: Vec<f64> = mean.iter().map(|value| f64::from(*value)).collect();
    assert_eq!(state("digit").0, expected);
    // Halfway, and all the way back.
    assert_eq!(state("back"), state("slider"));
    let ends = state("slider").0.into_iter().zip(expected);
    let half = ends.map(|(a, b)| f64::midpoint(a, b)).zip(state("half").0);
    assert!(half.into_iter().all(|(expected, there)| (expected - there).abs() < 1e-5));
    assert!(state("origin").0.iter().all(|value| *value == 0.0));
    let (drag, back) = (state("drag").0, state("key back").0);
    assert!(drag.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-4));

    assert_eq!(
        (&page["pressed"], &page["unreachable"], &page["nameless"]),
        (&0.into(), &0.into(), &0.into())
    );
    assert_eq!((&page["outside"], &page["images"]), (&serde_json::json!([]), &true.into()));
    println!(
        "{} pictures a second in the page, wanted 30; at most {worst} of 255 off",
        page["rate"]
    );
}

#[test]
fn the_page_fits_a_phone_and_a_desk() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&[
        "--epochs",
        "1",
        "--image-every",
        "1",
        "--out",
        "runs/a-rather-long-name-of-a-run",
    ]);
    let script = "return [document.documentElement.scrollWidth - innerWidth, \
                  [...document.querySelectorAll('button, input')].filter((one) => \
                  one.getBoundingClientRect().height < 24).length];";
    for size in ["390,800", "1600,900"] {
        let run = "runs/a-rather-long-name-of-a-run";
        let Some(outcome) = visit(&sandbox, run, size, script) else { return };
        let outcome = floats(&outcome);
        assert!(outcome[0] <= 0.0, "{} pixels wider than the window of {size}", outcome[0]);
        assert_eq!(outcome[1], 0.0, "too low for a finger at {size}");
    }
}
