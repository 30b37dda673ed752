import type { Messages } from "../../../../src/tasks/scout/monitor/messages.ts";

/** One server-sent event. */
type Message = {
  [K in keyof Messages]: { readonly name: K; readonly data: Messages[K] };
}[keyof Messages];

/** Listens as a browser would, without connecting again. */
export async function listen(url: string, headers: Record<string, string> = {}) {
  const stop = new AbortController();
  const response = await fetch(url, { headers, signal: stop.signal });
  const messages = read(response.body as ReadableStream<Uint8Array>);
  return {
    response,
    async next(): Promise<Message> {
      const { value, done } = await messages.next();
      if (done) throw new RangeError("the server has ended the stream");
      return value;
    },
    stop: () => stop.abort(),
  };
}

async function* read(body: ReadableStream<Uint8Array>): AsyncGenerator<Message, undefined> {
  let text = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream() as never)) {
    text += chunk as unknown as string;
    const blocks = text.split("\n\n");
    text = blocks.pop() as string;
    for (const block of blocks) {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
      if (name) yield { name, data: JSON.parse(data) } as Message;
    }
  }
}
