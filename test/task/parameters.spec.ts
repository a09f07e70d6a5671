import { runInThisContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { bindArguments, parametersOf, type ParameterHints } from '../../lib/task/parameters.js';
import type { Parameters } from '../../lib/task/task.definition.js';

type Fn = (...args: never[]) => unknown;

/** A function whose source is exactly this text. */
const written = (source: string): Fn => runInThisContext(`(${source})`) as Fn;
/** A method, written as in a class or object. */
const method = (source: string): Fn => {
  const holder = runInThisContext(`({ ${source} })`) as object;
  const key = Reflect.ownKeys(holder)[0];
  if (key === undefined) throw new Error('no method');
  return Reflect.get(holder, key) as Fn;
};
const namesOf = (fn: Fn, hints?: ParameterHints) => parametersOf(fn, hints).names;

describe('parametersOf', () => {
  it.each<[string, Fn, (string | undefined)[]]>([
    ['a method', method('send(to, subject) {}'), ['to', 'subject']],
    ['an async method', method('async send(to, subject) {}'), ['to', 'subject']],
    ['a generator', method('*send(to) {}'), ['to']],
    ['an async generator', method('async *send(to) {}'), ['to']],
    ['a method called async', method('async(to) {}'), ['to']],
    ['a method with a string name', method("'send(now, then)'(to) {}"), ['to']],
    ['a method with a computed name', method("['se' + 'nd(a)'](to) {}"), ['to']],
    ['a function', written('function send(to, subject) {}'), ['to', 'subject']],
    ['an async function', written('async function (to) {}'), ['to']],
    ['an arrow', written('(to, subject) => to'), ['to', 'subject']],
    ['an arrow without parentheses', written('to => to'), ['to']],
    ['an async arrow without parentheses', written('async to => to'), ['to']],
    ['no parameters', method('send() { return (1, 2) }'), []],
    ['names of other scripts', method('send($to, _größe, 宛先) {}'), ['$to', '_größe', '宛先']],
    ['a trailing comma', method('send(to, subject,) {}'), ['to', 'subject']],
    ['comments', method('send(/* a, b) */ to, // c)\n subject /* = 1 */) {}'), ['to', 'subject']],
    ['string defaults', method(`send(to = "a, b) \\" c", subject = ')') {}`), ['to', 'subject']],
    ['template defaults', method('send(to = `a ${[1, `)`]}, `, subject) {}'), ['to', 'subject']],
    ['regular expression defaults', method('send(to = /[/,)]\\/,/, subject) {}'), ['to', 'subject']],
    ['divisions', method('send(to = 4 / 2, subject = 6 / (1, 2)) {}'), ['to', 'subject']],
    [
      'function defaults',
      method('send(to = (a, b) => ({ a, b }), subject = function (x, y) {}) {}'),
      ['to', 'subject'],
    ],
    [
      'destructured ones',
      method('send({ to, subject }, [a, b] = [1, 2], last) {}'),
      [undefined, undefined, 'last'],
    ],
    ['a rest parameter', method('send(to, ...others) {}'), ['to']],
  ])('reads %s', (_, fn, names) => {
    expect(namesOf(fn)).toEqual(names);
  });

  it.each<[string, number, boolean]>([
    ['send(to, subject) {}', 2, false],
    ['send(to, subject = 1) {}', 1, false],
    ['send(to, subject = (a) => a, late) {}', 1, false],
    ['send(to, ...others) {}', 1, true],
    ['send({ a = 1 }) {}', 1, false],
    ['send({ a } = {}) {}', 0, false],
    ['send(/* optional = 1 */ to) {}', 1, false],
  ])('%s requires %i, rest %s', (source, required, rest) => {
    expect(parametersOf(method(source))).toMatchObject({ method: 'send', required, rest });
  });

  it('knows only the number of parameters of a bound function', () => {
    expect(parametersOf(method('send(to, subject) {}').bind(undefined))).toMatchObject({
      names: [undefined, undefined],
      required: 2,
    });
  });

  it('leaves the TaskContext out, wherever it stands', () => {
    expect(namesOf(method('send(task, to, subject) {}'), { contextIndex: 0 })).toEqual(['to', 'subject']);
    expect(namesOf(method('send(to, task) {}'), { contextIndex: 1 })).toEqual(['to']);
  });

  it('takes names from params, a question mark and dots included', () => {
    const minified = method('send(a, b, c) {}');
    expect(parametersOf(minified, { params: ['to', 'subject', 'retries?'] })).toEqual({
      method: 'send',
      names: ['to', 'subject', 'retries'],
      required: 2,
      rest: false,
    });
    expect(parametersOf(method('send() {}'), { params: ['to', '...others'] })).toMatchObject({
      names: ['to'],
      rest: true,
    });
    expect(parametersOf(method('send(a, b = 1) {}'), { params: ['to', 'subject'] }).required).toBe(1);
  });

  it('refuses params that name too few', () => {
    expect(() => parametersOf(method('send(a, b) {}'), { params: ['to'] })).toThrow(
      'task.params: send() takes 2 arguments, but only 1 are named: to',
    );
  });

  it('requires nothing without typing', () => {
    expect(parametersOf(method('send(to, subject) {}'), { typing: false }).required).toBe(0);
  });
});

describe('bindArguments', () => {
  const send: Parameters = parametersOf(method('send(to, subject, retries = 3) {}'));
  const three: Parameters = parametersOf(method('send(a, b, c) {}'));

  it.each<[unknown[], Record<string, unknown>, unknown[]]>([
    [['a', 'b'], {}, ['a', 'b']],
    [['a', 'b', 1], {}, ['a', 'b', 1]],
    [['a'], { subject: 'b' }, ['a', 'b']],
    [[], { retries: 1, subject: 'b', to: 'a' }, ['a', 'b', 1]],
    [['a', undefined], {}, ['a', undefined]],
  ])('puts %j and %j in order', (args, kwargs, bound) => {
    expect(bindArguments(send, args, kwargs)).toEqual(bound);
  });

  it('leaves a gap undefined, so that its default applies', () => {
    const fn = parametersOf(method('send(a = 1, b = 2) {}'));
    expect(bindArguments(fn, [], { b: 5 })).toEqual([undefined, 5]);
  });

  it('hands everything beyond the names to a rest parameter', () => {
    expect(bindArguments(parametersOf(method('send(to, ...others) {}')), [1, 2, 3], {})).toEqual([1, 2, 3]);
  });

  it.each<[Parameters, unknown[], Record<string, unknown>, string]>([
    [send, ['a'], {}, "send() missing 1 required positional argument: 'subject'"],
    [send, [], {}, "send() missing 2 required positional arguments: 'to' and 'subject'"],
    [three, [], {}, "send() missing 3 required positional arguments: 'a', 'b', and 'c'"],
    [three, [], { b: 1 }, "send() missing 2 required positional arguments: 'a' and 'c'"],
    [three, [1, 2, 3, 4], {}, 'send() takes 3 positional arguments but 4 were given'],
    [send, [1, 2, 3, 4], {}, 'send() takes from 2 to 3 positional arguments but 4 were given'],
    [parametersOf(method('send() {}')), [1], {}, 'send() takes 0 positional arguments but 1 was given'],
    [send, ['a'], { to: 'b' }, "send() got multiple values for argument 'to'"],
    [send, ['a', 'b'], { cc: 'c' }, "send() got an unexpected keyword argument 'cc'"],
    [send, ['a', 'b'], { ['__proto__']: 1 }, "send() got an unexpected keyword argument '__proto__'"],
    [send, ['a', 'b'], { 'x\u001b[31m\n': 1 }, "send() got an unexpected keyword argument 'x?[31m?'"],
    [parametersOf(method('send({ a }) {}')), [], { a: 1 }, 'name them with `params`'],
    [parametersOf(method('send({ a }, b) {}')), [], {}, "arguments: 'argument 1' and 'b'"],
  ])('refuses %j', (parameters, args, kwargs, message) => {
    expect(() => bindArguments(parameters, args, kwargs)).toThrow(TypeError);
    expect(() => bindArguments(parameters, args, kwargs)).toThrow(message);
  });
});
