"""Speech: adapters of text-to-speech and automatic-speech-recognition, and what they share.

``runtime`` holds the life of one task, ``pronounce`` and ``spoken_text`` prepare the words, ``timing`` and ``audio``
shape what a model spoke. Every other file is one adapter or one voice engine.
"""
