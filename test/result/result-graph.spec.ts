import { describe, expect, it } from 'vitest';
import { resultFromTuple } from '../../lib/result/async-result.js';
import { aResultWorld, remoteError } from './world.js';

const child = (id: string) => [[id, null], null];

describe('the graph of a result', () => {
  it('holds what came before it and what its tasks have sent, each once, with its state', async () => {
    const { deps, store } = await aResultWorld();
    // A chord after a task; a member of its header was retried, and sent a task of its own.
    const header = [
      ['header', child('first')],
      [child('a'), child('b')],
    ];
    const body = resultFromTuple([['body', header], null], deps);
    await store('first', { result: 1, children: [header] });
    await store('a', { result: 2, children: [child('a'), child('sent')] });
    await store('b', { status: 'FAILURE', result: remoteError() });
    await store('sent', { status: 'STARTED' });
    const graph = await body?.graph();
    expect(new Set(graph?.nodes)).toEqual(
      new Set([
        { id: 'body', kind: 'task', state: 'PENDING' },
        { id: 'header', kind: 'group', state: 'FAILURE' },
        { id: 'first', kind: 'task', state: 'SUCCESS' },
        { id: 'a', kind: 'task', state: 'SUCCESS' },
        { id: 'b', kind: 'task', state: 'FAILURE' },
        { id: 'sent', kind: 'task', state: 'STARTED' },
      ]),
    );
    expect(new Set(graph?.edges)).toEqual(
      new Set([
        { from: 'header', to: 'body' },
        { from: 'first', to: 'header' },
        { from: 'header', to: 'a' },
        { from: 'header', to: 'b' },
        { from: 'a', to: 'sent' },
      ]),
    );
  });

  it('tells of a group whether all of it has succeeded', async () => {
    const { group, store } = await aResultWorld();
    const stateOf = async () => (await group(['a', 'b']).graph()).nodes[0]?.state;
    await store('a');
    expect(await stateOf()).toBe('PENDING');
    await store('b');
    expect(await stateOf()).toBe('SUCCESS');
  });

  it('is drawn for Mermaid and Graphviz', async () => {
    const { group, store } = await aResultWorld();
    await store('a');
    const graph = await group(['a'], 'the group').graph();
    expect(graph.toMermaid()).toBe(
      'flowchart TD\n  n0("the group<br/>SUCCESS")\n  n1["a<br/>SUCCESS"]\n  n0 --> n1\n',
    );
    expect(graph.toDot()).toBe(
      'digraph {\n  node [shape=box];\n  n0 [label="the group\\nSUCCESS", shape=ellipse];\n' +
        '  n1 [label="a\\nSUCCESS"];\n  n0 -> n1;\n}\n',
    );
  });
});
