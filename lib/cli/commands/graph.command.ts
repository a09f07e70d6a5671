import { InvalidOptionError, NoResultBackendError } from '../../errors.js';
import type { WorkerStats } from '../../control/control.types.js';
import type { CeleryApp } from '../../nest/celery.app.js';
import { drawDot, drawMermaid, type Picture } from '../../runtime/picture.js';
import { askWorkers, tellNobody } from '../ask-workers.js';
import type { Cli } from '../cli.js';
import { shownBackend, withApp } from '../connection.js';
import { EXIT } from '../exit-code.js';
import type { GivenTo } from '../usage.js';
import type { graphUsage } from './graph.usage.js';

type Graph = GivenTo<typeof graphUsage>;

export async function run(given: Graph, cli: Cli): Promise<number> {
  return given.args.what === 'workers' ? ofWorkers(given, cli) : ofResult(given, cli);
}

async function ofResult({ flags, args: { id } }: Graph, cli: Cli): Promise<number> {
  if (id === undefined)
    throw new InvalidOptionError('[id]', 'is needed: the id of a task or of a saved group.');
  return withApp(cli, { broker: false, backend: true }, async ({ app }) => {
    if (app.backend === undefined) throw new NoResultBackendError();
    const group = await app.client.restoreGroup(id);
    const graph = await (group ?? app.client.result(id)).graph();
    const { nodes, edges } = graph;
    cli.output.answer({ nodes, edges }, () =>
      (flags.format === 'mermaid' ? graph.toMermaid() : graph.toDot()).trimEnd(),
    );
    return EXIT.ok;
  });
}

async function ofWorkers({ flags }: Graph, cli: Cli): Promise<number> {
  return withApp(cli, {}, async ({ app }) => {
    const answers = await askWorkers<WorkerStats>(app, 'stats', {}, flags, cli);
    if (answers.replies.length === 0) {
      tellNobody(answers, cli);
      return EXIT.unavailable;
    }
    const picture = pictureOf(
      app,
      answers.replies.map(({ hostname, value }) => [hostname, value?.pool?.['max-concurrency']]),
    );
    cli.output.answer({ nodes: picture.boxes, edges: picture.arrows }, () =>
      (flags.format === 'mermaid' ? drawMermaid(picture) : drawDot(picture)).trimEnd(),
    );
    return EXIT.ok;
  });
}

function pictureOf(app: CeleryApp, workers: readonly (readonly [name: string, size: unknown])[]): Picture {
  const [broker, backend] = [app.broker.url, shownBackend(app)];
  const hasBackend = backend !== 'none' && backend !== broker;
  return {
    boxes: [
      { id: 'broker', label: [broker, 'broker'], round: true },
      ...(hasBackend ? [{ id: 'backend', label: [backend, 'results'], round: true }] : []),
      ...workers.map(([name, size]) => ({
        id: name,
        label: [name, ...(typeof size === 'number' ? [`${size} at once`] : [])],
        round: false,
      })),
    ],
    arrows: workers.flatMap(([name]) => [
      { from: 'broker', to: name },
      ...(hasBackend ? [{ from: name, to: 'backend' }] : []),
    ]),
  };
}
