"""Workers on many machines: Celery hands attempts to slots, Redis carries what they say."""
