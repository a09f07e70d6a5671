import { entry, type Entry } from './entry.js';

/**
 * Every command: its name, where it stands in the help, and what it is for. What it takes is data, loaded when it is named;
 * its code is loaded when it is called.
 */
export const COMMANDS: readonly Entry[] = [
  entry(
    { name: 'worker', heading: 'Run', summary: 'run a worker of the application' },
    async () => (await import('./commands/worker.usage.js')).workerUsage,
    () => import('./commands/worker.command.js'),
  ),
  entry(
    { name: 'beat', heading: 'Run', summary: 'send the periodic tasks of the application' },
    async () => (await import('./commands/beat.usage.js')).beatUsage,
    () => import('./commands/beat.command.js'),
  ),
  entry(
    {
      name: 'shell',
      heading: 'Run',
      summary: 'a Node REPL with the application: app, client, control, schedules, chain, group, chord …',
    },
    async () => (await import('./commands/shell.usage.js')).shellUsage,
    () => import('./commands/shell.command.js'),
  ),
  entry(
    { name: 'call', heading: 'Tasks', summary: 'send a task by its name; prints its id' },
    async () => (await import('./commands/call.usage.js')).callUsage,
    () => import('./commands/call.command.js'),
  ),
  entry(
    { name: 'result', heading: 'Tasks', summary: 'the result of a task, by its id' },
    async () => (await import('./commands/result.usage.js')).resultUsage,
    () => import('./commands/result.command.js'),
  ),
  entry(
    { name: 'tasks', heading: 'Tasks', summary: 'the tasks of the application, or of the workers' },
    async () => (await import('./commands/tasks.usage.js')).tasksUsage,
    () => import('./commands/tasks.command.js'),
  ),
  entry(
    { name: 'schedule list', heading: 'Tasks', summary: 'the periodic tasks, and when they run next' },
    async () => (await import('./commands/schedule.usage.js')).scheduleListUsage,
    () => import('./commands/schedule-list.command.js'),
  ),
  entry(
    { name: 'schedule next', heading: 'Tasks', summary: 'the next runs of a periodic task, or of all' },
    async () => (await import('./commands/schedule.usage.js')).scheduleNextUsage,
    () => import('./commands/schedule-next.command.js'),
  ),
  entry(
    { name: 'schedule run', heading: 'Tasks', summary: 'send a periodic task now; prints its id' },
    async () => (await import('./commands/schedule.usage.js')).scheduleRunUsage,
    () => import('./commands/schedule-run.command.js'),
  ),
  entry(
    {
      name: 'schedule pause',
      heading: 'Tasks',
      summary: 'send a periodic task no more, or none of them, in every beat, until resumed',
    },
    async () => (await import('./commands/schedule.usage.js')).schedulePauseUsage,
    () => import('./commands/schedule-pause.command.js'),
  ),
  entry(
    {
      name: 'schedule resume',
      heading: 'Tasks',
      summary: 'send it, or all, again; what was missed is not made up for',
    },
    async () => (await import('./commands/schedule.usage.js')).scheduleResumeUsage,
    () => import('./commands/schedule-resume.command.js'),
  ),
  entry(
    {
      name: 'queues',
      heading: 'Queues',
      summary: 'how many messages wait in the queues, and who takes them',
    },
    async () => (await import('./commands/queues.usage.js')).queuesUsage,
    () => import('./commands/queues.command.js'),
  ),
  entry(
    {
      name: 'purge',
      heading: 'Queues',
      summary: 'remove all waiting messages of the queues; there is no way back',
    },
    async () => (await import('./commands/purge.usage.js')).purgeUsage,
    () => import('./commands/purge.command.js'),
  ),
  entry(
    {
      name: 'list bindings',
      heading: 'Queues',
      summary: 'the queues, and the exchanges and keys they are bound by',
    },
    async () => (await import('./commands/list-bindings.usage.js')).listBindingsUsage,
    () => import('./commands/list-bindings.command.js'),
  ),
  entry(
    { name: 'quarantine list', heading: 'Queues', summary: 'messages that no worker could run, and why' },
    async () => (await import('./commands/quarantine.usage.js')).quarantineListUsage,
    () => import('./commands/quarantine-list.command.js'),
  ),
  entry(
    { name: 'quarantine show', heading: 'Queues', summary: 'one of them, with its headers and its body' },
    async () => (await import('./commands/quarantine.usage.js')).quarantineShowUsage,
    () => import('./commands/quarantine-show.command.js'),
  ),
  entry(
    { name: 'quarantine replay', heading: 'Queues', summary: 'send them back to the queues they came from' },
    async () => (await import('./commands/quarantine.usage.js')).quarantineReplayUsage,
    () => import('./commands/quarantine-replay.command.js'),
  ),
  entry(
    { name: 'quarantine discard', heading: 'Queues', summary: 'remove them for good; asks' },
    async () => (await import('./commands/quarantine.usage.js')).quarantineDiscardUsage,
    () => import('./commands/quarantine-discard.command.js'),
  ),
  entry(
    { name: 'status', heading: 'Workers', summary: 'the workers that are online, and how they are' },
    async () => (await import('./commands/status.usage.js')).statusUsage,
    () => import('./commands/status.command.js'),
  ),
  entry(
    { name: 'inspect', heading: 'Workers', summary: 'ask the workers what they know and do' },
    async () => (await import('./commands/remote.usage.js')).inspectUsage,
    () => import('./commands/inspect.command.js'),
  ),
  entry(
    { name: 'control', heading: 'Workers', summary: 'change what the workers do' },
    async () => (await import('./commands/remote.usage.js')).controlUsage,
    () => import('./commands/control.command.js'),
  ),
  entry(
    {
      name: 'events',
      heading: 'Workers',
      summary: 'what the workers tell, as it happens: a live screen, or lines',
    },
    async () => (await import('./commands/events.usage.js')).eventsUsage,
    () => import('./commands/events.command.js'),
  ),
  entry(
    {
      name: 'health',
      heading: 'Workers',
      summary: 'is the worker of this machine well? For probes: reads a file, asks no broker',
    },
    async () => (await import('./commands/health.usage.js')).healthUsage,
    () => import('./commands/health.command.js'),
  ),
  entry(
    {
      name: 'doctor',
      heading: 'Help',
      summary:
        'find out what is wrong: connects, sends a probe to itself, looks at workers, clocks and settings',
    },
    async () => (await import('./commands/doctor.usage.js')).doctorUsage,
    () => import('./commands/doctor.command.js'),
  ),
  entry(
    {
      name: 'report',
      heading: 'Help',
      summary: 'versions and settings, for bug reports; secrets are masked',
    },
    async () => (await import('./commands/report.usage.js')).reportUsage,
    () => import('./commands/report.command.js'),
  ),
  entry(
    { name: 'graph', heading: 'Help', summary: 'a picture: of the workers, or of a workflow as it stands' },
    async () => (await import('./commands/graph.usage.js')).graphUsage,
    () => import('./commands/graph.command.js'),
  ),
  entry(
    {
      name: 'environment',
      heading: 'Help',
      summary: 'the variables of the environment that stand for flags',
    },
    async () => (await import('./commands/environment.usage.js')).environmentUsage,
    async () => {
      const { environment } = await import('./commands/environment.command.js');
      return { run: environment(COMMANDS) };
    },
  ),
  entry(
    {
      name: 'completion',
      heading: 'Help',
      summary: 'a script that completes commands and flags in your shell',
    },
    async () => (await import('./commands/completion.usage.js')).completionUsage,
    async () => {
      const { completion } = await import('./commands/completion.command.js');
      return { run: completion(COMMANDS) };
    },
  ),
];

/** First words that several commands share. */
export const FAMILIES: ReadonlyMap<string, string> = new Map([
  ['list', 'what is set up on the broker'],
  ['quarantine', 'messages that no worker could run: list, show, replay, discard'],
  ['schedule', 'periodic tasks: list, next, run, pause, resume'],
]);
