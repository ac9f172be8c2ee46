//! What was measured, as tables.

use elbo::bench::{Measurements, ProfiledCall};

/// A line a figure: name, value, what it is.
pub(crate) fn measurements(measured: &Measurements) -> String {
    let m = measured;
    let spread = format!("{:.2} to {:.2}", m.step_ms.p10, m.step_ms.p90);
    let rate = format!("{:.0}/s", m.steps_per_s);
    let memory = m.peak_rss_mb.map_or("unknown".to_string(), |mb| format!("{mb:.0} MB"));
    let rows = [
        (
            "peak",
            format!("{:.1} GFLOP/s", m.peak_gflops),
            "multiply-adds on registers alone".to_string(),
        ),
        (
            "training step",
            format!("{:.2} ms", m.step_ms.median),
            format!("median; a tenth to nine tenths: {spread}"),
        ),
        (
            "",
            format!("{:.1} GFLOP/s", m.step_gflops),
            format!("{:.0} % of the peak", m.percent_of_peak),
        ),
        ("", rate, "steps".to_string()),
        ("epoch", format!("{:.2} s", m.epoch_s), "training alone".to_string()),
        ("evaluation", format!("{:.2} s", m.evaluation_s), "the test set".to_string()),
        ("encode + decode", format!("{:.0}/s", m.encode_decode_images_per_s), "images".to_string()),
        ("sample", format!("{:.0}/s", m.sample_images_per_s), "images".to_string()),
        ("load the data", format!("{:.2} s", m.load_s), String::new()),
        (
            "first step",
            format!("{:.2} s", m.first_step_s),
            "after the start, loading included".to_string(),
        ),
        ("memory", memory, "the most while training".to_string()),
    ];
    let sizes = m.sizes;
    let mut text = format!(
        "VAE {}-{}-{}, batches of {}, {}\n\n",
        sizes.input, sizes.hidden, sizes.latent, m.batch_size, m.device
    );
    for (name, value, what) in rows {
        text.push_str(format!("{name:<16} {value:>14}   {what}").trim_end());
        text.push('\n');
    }
    text
}

/// A line a call, and their sum.
pub(crate) fn profile(calls: &[ProfiledCall]) -> String {
    let mut text = format!("{:>9} {:>7} {:>10}   call\n", "µs", "% peak", "KB");
    for call in calls {
        let kilobytes = call.bytes as f64 / 1e3;
        let line = format!(
            "{:>9.1} {:>7.1} {kilobytes:>10.1}   {}\n",
            call.us, call.percent_of_peak, call.call
        );
        text.push_str(&line);
    }
    let total: f64 = calls.iter().map(|call| call.us).sum();
    text.push_str(&format!("{total:>9.1}   all {} calls, one after the other\n", calls.len()));
    text
}
