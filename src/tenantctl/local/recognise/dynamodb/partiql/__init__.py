"""PartiQL for DynamoDB: a strict reader of its statements, and what they reach.

Only what is understood in full is read; the rest is refused, never guessed.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html
"""
