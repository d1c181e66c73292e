"""Publishes a submit event, hears the answer, and waits for the results. Needs `pip install nats-py`."""

import asyncio
import json
import os
import sys
import uuid

import nats
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

ANSWER_S = 5


async def submit(connection, command):
    """Sends the command until somebody answers: only then is it Granary's."""
    inbox = connection.new_inbox()
    answers = await connection.subscribe(inbox, max_msgs=1)
    while True:
        await connection.jetstream().publish(
            command["type"], json.dumps(command).encode(), headers={"Granary-Reply-To": inbox}
        )
        try:
            return json.loads((await answers.next_msg(timeout=ANSWER_S)).data)
        except nats.errors.TimeoutError:
            print("no answer yet; the command is sent again", file=sys.stderr)


async def main():
    request_id = sys.argv[1] if len(sys.argv) > 1 else f"example-{uuid.uuid4().hex[:8]}"
    connection = await nats.connect(os.environ.get("NATS_URL", "nats://127.0.0.1:4222"))

    # Listening begins before the submit: the end cannot be missed, however soon it comes.
    facts = await connection.jetstream().subscribe(
        "granary.v1.fact.request.completed",
        stream="GRANARY_FACTS",
        config=ConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE),
        ordered_consumer=False,
    )
    command = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "examples/submit.py",
        "type": "granary.v1.command.submit",
        "data": {
            "source": "examples",
            "requestId": request_id,
            "provider": "openai",
            "model": "gpt-4o-mini",
            "items": [
                {"key": "haiku", "prompt": "Write a haiku about a granary."},
                {"key": "fact", "prompt": "Tell one fact about wheat.", "params": {"maxTokens": 100}},
            ],
            "metadata": {"askedBy": "examples/submit.py"},
        },
    }
    reply = await submit(connection, command)
    print(f"{request_id}: {reply['status']}")
    if reply["status"] in ("rejected", "conflict"):
        for fault in reply.get("faults", []):
            print(f"  {fault['path']}: {fault['message']}", file=sys.stderr)
        sys.exit(2)

    async for message in facts.messages:
        data = json.loads(message.data)["data"]
        if data["source"] != "examples" or data["requestId"] != request_id:
            continue
        print(f"{request_id}: {data['result']}, {data['counts']['succeeded']} succeeded")
        for row in data["results"].get("inline", []):
            print(f"  {row['key']}: {row['output']}")
        break
    await connection.close()


asyncio.run(main())
