"""What hosts say around the questions: written by people, chosen by seed, never by a model."""

from __future__ import annotations

OPENINGS = (
    "Hello and welcome to the show. Today, {topic}.",
    "Welcome to the show, everyone. Today, {topic}.",
    "Hi there, and welcome. Our topic today: {topic}.",
    "Hello, everyone. Today we talk about {topic}.",
    "It is good to have you with us. Today, {topic}.",
)
OPENING_QUESTIONS = (
    "Hello and welcome. Today we ask, {topic}?",
    "Welcome to the show. Our question: {topic}?",
    "Hi there, and welcome. Today, {topic}?",
)
UNSPEAKABLE = "today's topic"
"""How a topic is spoken of that an English voice cannot say."""

LONG_TOPIC_WORDS = 7
"""Words from which a topic is said once, and is "this topic" from then on."""

OPENING_UNSPEAKABLE = "Hello and welcome. Today's topic is on your screen."

SECOND_HOST = (
    "Hi, I am {me}, and next to me is {others}.",
    "I am {me}, here with {others}.",
    "And I am {me}. With me in the studio is {others}.",
)
SECOND_ALONE = ("I am {me}, and I am glad you are here.", "My name is {me}. Let us begin.")
DISCLAIMERS = (
    "One thing first: this script is written by a machine, so it may contain mistakes.",
    "A word of warning: a machine wrote this script, and it can be wrong.",
    "Please keep in mind that our script is machine-written and may contain mistakes.",
)
GROUNDED = (
    "Everything we say today comes from one text, and we stay close to it.",
    "We have read one text closely, and we will stay with what it says.",
    "We stay with one text today, and with what is written in it.",
)
CLOSINGS = (
    "That is all for today on {topic}. Thank you for listening, and goodbye.",
    "And that is our time with {topic}. Thank you for being with us, and goodbye.",
    "We will leave it there with {topic}. Thanks for listening, and see you next time.",
)
SHORT_CLOSINGS = ("That is all for today. Goodbye.", "Thank you for listening. Goodbye.", "That is our time. Goodbye.")
SHORT_DISCLAIMERS = ("This was machine-written, so check it. Goodbye.", "A machine wrote this, so check it. Goodbye.")
LAST_QUESTIONS = (
    "And with that, {name}, we have come to the end.",
    "Well, {name}, our time is up.",
    "{name}, that brings us to the end of our talk.",
)

FIRST_LEADS = ("", "So, ", "{name}, ", "I am curious. ", "Tell me, {name}. ")
"""Before the first question."""

ASK_LEADS = (
    "",
    "So, ",
    "{name}, ",
    "Let me ask you this, {name}. ",
    "",
    "All right. ",
    "Now, ",
    "I am curious. ",
    "Tell me, {name}. ",
    "Here is a question. ",
    "",
    "Let us go on. ",
    "{name}, help me out. ",
)
TURNED_LEADS = (
    "Now let me ask you something, {name}. ",
    "My turn to ask, {name}. ",
    "Over to you, {name}. ",
    "Your turn, {name}. ",
    "Now you, {name}. ",
)
"""Of the host who has just answered and asks the next question."""

PLAIN_LEADS = ("", "So, ", "", "Now, ")
"""Of the host who has just reacted to the answer."""

ALONE_LEADS = (
    "",
    "So, ",
    "Now, ",
    "Let us ask. ",
    "Here is a question. ",
    "",
    "The next question. ",
    "Think about this. ",
)
FOLLOW_LEADS = (
    "",
    "Hm. ",
    "Good point. ",
    "I see. ",
    "Interesting. ",
    "Oh, right. ",
    "Wait. ",
    "",
    "Nice. ",
    "Fair enough. ",
)

REACTIONS = (
    "Hm, the {k}. I had not thought of that.",
    "So it comes down to the {k}.",
    "The {k}, of all things.",
    "I did not expect the {k} to come up.",
    "Oh, so it is about the {k} as well.",
    "Right, I will remember the {k}.",
    "Hm, so there is more to the {k} than one might think.",
    "That puts the {k} in a new light for me.",
    "I would never have guessed the {k}.",
    "Good, with the {k} in mind I can picture it.",
    "The {k} is what stays with me.",
    "Let that sink in for a second, the {k}.",
)
PLAIN_REACTIONS = (
    "Hm, that makes sense.",
    "Right, I see.",
    "Oh, that is new to me.",
    "Interesting, I would not have guessed.",
    "Well, that is worth a thought.",
    "Good, now I can picture it.",
    "I had not looked at it that way.",
    "That is a nice way to put it.",
    "Hm, let me think about that one.",
    "Fair enough.",
    "That will stay with me.",
    "There is a lot in that.",
)

NO_ANSWER = (
    "Honestly, I would rather not guess at that one.",
    "That one I would have to look up before I say something wrong.",
    "I am not sure enough to answer that, so let us move on.",
    "There I would rather stay silent than be wrong.",
)
"""Said when a model wrote nothing that may be spoken."""
