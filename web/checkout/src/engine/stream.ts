/** One server-sent event. */
export interface ServerEvent {
  id: string;
  event: string;
  data: string;
}

/**
 * A reader of `text/event-stream`: takes the text as it comes, cut anywhere, and tells each event once it is whole.
 * Comments (the heartbeats) tell nothing.
 */
export function eventReader(tell: (event: ServerEvent) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const blocks = (rest + chunk).replace(/\r\n?/g, '\n').split('\n\n');
    rest = blocks.pop() as string;
    for (const block of blocks) {
      const [id, event, data] = ['id', 'event', 'data'].map(
        (name) => new RegExp(`^${name}: ?(.*)`, 'm').exec(block)?.[1] ?? '',
      ) as [string, string, string];
      if (event) tell({ id, event, data });
    }
  };
}

/** Reads the events of an answer to its end; `heard` is called for every sign of life. */
export async function readEvents(
  answer: Response,
  heard: () => void,
  tell: (event: ServerEvent) => void,
): Promise<void> {
  const reader = answer.ok && answer.body?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  const read = eventReader(tell);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    read(decoder.decode(value, { stream: true }));
  }
}
