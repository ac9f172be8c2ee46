//! What a checkpoint's record lies about.

use serde_json::{Value, json};

use super::{INFO, SAMPLE, told};
use crate::{
    row::Row,
    sound::{LAST, RESUME},
};

const DATA: &str = "evaluate --checkpoint run --threads 1 --data-dir digits";

pub(super) fn rows() -> Vec<Row> {
    let lie = |name, pointer, value: Value, command, says: &[&'static str]| {
        Row::new(name, told(pointer, Some(value)), command, says)
    };
    let huge = 1_u64 << 60;
    vec![
        Row::new("no model", told("/model", None), INFO, &[LAST, "missing field `model`"]),
        lie(
            "a model of other sizes",
            "/model/hidden",
            json!(5),
            INFO,
            &[LAST, "another model than"],
        ),
        lie("other sizes to go on", "/model/hidden", json!(5), RESUME, &[LAST, "; use"]),
        lie(
            "no hidden units",
            "/model/hidden",
            json!(0),
            RESUME,
            &[LAST, "hidden", "0 is too small"],
        ),
        lie("no latent dimensions", "/model/latent", json!(0), SAMPLE, &[LAST, "another model"]),
        lie("latents without end", "/model/latent", json!(huge), RESUME, &[LAST, "weights"]),
        lie(
            "a size of -1",
            "/model/latent",
            json!(-1),
            INFO,
            &[LAST, "invalid value: integer `-1`"],
        ),
        lie("another height", "/rows", json!(27), INFO, &[LAST, "27×28 do not fit"]),
        lie("rows beyond 64 bits", "/rows", json!(1_u64 << 63), INFO, &[LAST, "do not fit"]),
        lie("epoch -1", "/epoch", json!(-1), INFO, &[LAST, "invalid value: integer `-1`"]),
        lie("epoch 2⁶⁴", "/epoch", json!(1.8e19), RESUME, &[LAST, "its record is incomplete"]),
        lie("the last epoch of all", "/epoch", json!(u32::MAX), RESUME, &[LAST, "; "]),
        lie("an epoch that is a word", "/epoch", json!("one"), INFO, &[LAST, "invalid type"]),
        lie("step -1", "/step", json!(-1), RESUME, &[LAST, "; use another"]),
        lie("step 2³²", "/step", json!(1_u64 << 32), RESUME, &[LAST, "; use another"]),
        lie(
            "a step of another epoch",
            "/step",
            json!(129),
            RESUME,
            &[LAST, "step 129 in epoch 1 of 64"],
        ),
        lie("batches of 0", "/training/batch_size", json!(0), DATA, &[LAST, "batches of 0 of 64"]),
        lie(
            "batches of 0 to go on",
            "/training/batch_size",
            json!(0),
            RESUME,
            &[LAST, "batches of 0 of 64 images"],
        ),
        lie("batches of 2⁶⁰", "/training/batch_size", json!(huge), DATA, &[LAST, "; use another"]),
        lie(
            "batches of 2⁶⁰ to go on",
            "/training/batch_size",
            json!(huge),
            RESUME,
            &[LAST, "of 64 images"],
        ),
        lie(
            "batches of more images than there are",
            "/training/batch_size",
            json!(65),
            SAMPLE,
            &[LAST, "batches of 65 of 64 images"],
        ),
        Row::new(
            "batches for which there is no memory",
            |sandbox| {
                told("/training/batch_size", Some(json!(300_000)))(sandbox);
                told("/train_images", Some(json!(300_000)))(sandbox);
            },
            SAMPLE,
            &[LAST, "more memory than there is for batches of 300000 images"],
        ),
        lie(
            "a rate below 0",
            "/training/learning_rate",
            json!(-1),
            RESUME,
            &[LAST, "lr cannot be used"],
        ),
        lie(
            "no rate",
            "/training/learning_rate",
            json!(null),
            RESUME,
            &[LAST, "invalid type: null"],
        ),
        lie(
            "a rate for a word",
            "/training/lr_at",
            json!(["soon"]),
            INFO,
            &["`soon` is no EPOCH:RATE"],
        ),
        lie(
            "a seed of -7",
            "/training/seed",
            json!(-7),
            INFO,
            &[LAST, "invalid value: integer `-7`"],
        ),
        lie(
            "a seed of 2⁶⁴-1",
            "/training/seed",
            json!(u64::MAX),
            RESUME,
            &[LAST, "seed cannot be used"],
        ),
        lie(
            "other images",
            "/train_sha256",
            json!("00"),
            RESUME,
            &[LAST, "trained on other images"],
        ),
        lie("fewer images", "/train_images", json!(63), RESUME, &[LAST, "63 images of 28×28"]),
        lie(
            "no images",
            "/train_images",
            json!(0),
            RESUME,
            &[LAST, "step 32 in epoch 1 of 0 images"],
        ),
        lie("images without end", "/train_images", json!(huge), RESUME, &[LAST, "images of 28×28"]),
        lie(
            "half an epoch of two lengths",
            "/middle",
            json!({ "reconstruction": [1.0, 2.0], "kl": [1.0] }),
            RESUME,
            &[LAST, "; use another"],
        ),
        lie(
            "half an epoch of more steps than it has",
            "/middle",
            json!({ "reconstruction": vec![1.0; 99], "kl": vec![1.0; 99] }),
            RESUME,
            &[LAST, "; use another"],
        ),
        lie(
            "half an epoch of losses that are none",
            "/middle",
            json!({ "reconstruction": [1e300], "kl": [1.0] }),
            RESUME,
            &[LAST, "; use another"],
        ),
        lie(
            "half an epoch after all of them",
            "/middle",
            json!({ "reconstruction": [1.0], "kl": [1.0] }),
            &format!("{RESUME} --seed 4"),
            &[LAST, "stopped in the middle of epoch 2"],
        ),
        Row::new(
            "half an epoch after the last of all",
            |sandbox| {
                told("/epoch", Some(json!(u32::MAX)))(sandbox);
                let middle = json!({ "reconstruction": [1.0], "kl": [1.0] });
                told("/middle", Some(middle))(sandbox);
            },
            &format!("{RESUME} --seed 4"),
            &[LAST, "; "],
        ),
        lie(
            "a best epoch to come",
            "/best",
            json!({ "epoch": 9, "test_loss": 1.0 }),
            RESUME,
            &["best"],
        ),
        lie(
            "a best loss of a word",
            "/best",
            json!({ "epoch": 1, "test_loss": "low" }),
            INFO,
            &[LAST],
        ),
    ]
}
