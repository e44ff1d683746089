"""What a run would cost, before it starts: tokens, time, memory and disk, without the weights.

``sketch`` is a checkpoint of which only the configuration and the tokenizer are read; the analyses
prepare their batches with it as they do with the checkpoint, and say in a ``Work`` what they would
do. From that ``memory`` follows by running one layer on tensors that hold nothing, ``seconds`` by
running one layer with random weights on the device itself, and ``report`` puts it into words.
Nothing here writes a file.
"""
