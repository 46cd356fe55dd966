"""TensorFlow (tf.function; images with channels last) on one training step or inference of the suite.

    tf_peer.py --work NAME [--budget SECONDS] [--threads N]

Prints one JSON line, as torch_peer.py. A call is timed with its result read.
"""

import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf
from suite import SHAPES, arguments, finite, measure, train_batches, watch_resident
from tensorflow import keras

L = keras.layers


def mlp():
    return keras.Sequential([L.Input((784,)), L.Dense(400, "relu"), L.Dense(300, "relu"), L.Dense(10)])


def lenet5():
    return keras.Sequential([
        L.Input((28, 28, 1)),
        L.Conv2D(6, 5, padding="same", activation="relu"), L.MaxPool2D(2),
        L.Conv2D(16, 5, activation="relu"), L.MaxPool2D(2),
        L.Flatten(), L.Dense(120, "relu"), L.Dense(84, "relu"), L.Dense(10),
    ])  # fmt: skip


def vgg16():
    return keras.applications.VGG16(weights=None, classifier_activation=None)


def resnet50():
    return keras.applications.ResNet50(weights=None, classifier_activation=None)


NETWORKS = {"mlp": mlp, "lenet5": lenet5, "vgg16": vgg16, "resnet50": resnet50}


def train(name, network, batch):
    x = tf.random.normal((batch, *network["shape"]))
    y = tf.random.uniform((batch,), 0, network["classes"], tf.int32)
    resident = watch_resident()
    model = NETWORKS[name]()
    rate, momentum, decay = network["rate"], SHAPES["optimizer"]["momentum"], SHAPES["optimizer"]["weightDecay"]
    velocities = [tf.Variable(tf.zeros_like(weight)) for weight in model.trainable_variables]

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, model(x, training=True))
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        for weight, gradient, velocity in zip(model.trainable_variables, gradients, velocities):
            velocity.assign(momentum * velocity + gradient + decay * weight)
            weight.assign_sub(rate * velocity)
        return loss

    return (lambda: float(step().numpy())), resident


def infer(name, network, batch):
    x = tf.random.normal((batch, *network["shape"]))
    resident = watch_resident()
    model = NETWORKS[name]()

    @tf.function
    def run():
        return model(x, training=False)

    return (lambda: run().numpy()), resident


def main():
    options = arguments(["function"]).parse_args()
    if options.threads:
        tf.config.threading.set_intra_op_parallelism_threads(options.threads)
        tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    tf.random.set_seed(0)
    kind, name, batch = options.work.split("-")
    network, batch = SHAPES["networks"][name], int(batch.removeprefix("b"))
    training = kind == "train"
    if name not in NETWORKS or batch not in (train_batches(network, False) if training else network["infer"]):
        raise SystemExit(f"Expected the name of a workload of TensorFlow's but received '{options.work}'")
    call, resident = (train if training else infer)(name, network, batch)
    times = measure(call, lambda: None, options.budget)
    last = times.pop("last")
    times["loss"] = finite(last) if training else None
    times["memory"] = {"allocated": None, "resident": resident()}
    result = {"peer": f"tensorflow-{tf.__version__}", "device": "cpu", "mode": options.mode, "work": options.work}
    print(json.dumps({**result, **times, "threads": options.threads, "precision": "float32"}))


main()
