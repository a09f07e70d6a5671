import { CommandRefused } from './host.js';

/** A text, or several. @throws CommandRefused */
export function texts(value: unknown, name: string): string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  const found = all.filter((each) => typeof each === 'string');
  if (found.length === 0 || found.length < all.length)
    throw new CommandRefused(`${name}: expected a text or a list of texts`);
  return found;
}

/** @throws CommandRefused */
export function text(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= LONGEST) return value;
  throw new CommandRefused(`${name}: expected a text of 1 to ${LONGEST} characters`);
}

/** Whole, within bounds. @throws CommandRefused */
export function whole(value: unknown, name: string, min: number, max: number): number {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (Number.isSafeInteger(read) && Number(read) >= min && Number(read) <= max) return Number(read);
  throw new CommandRefused(`${name}: expected a whole number, ${min} to ${max}`);
}

/** Seconds to ms; undefined for none. @throws CommandRefused */
export function seconds(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof read === 'number' && Number.isFinite(read) && read >= 0)
    return read === 0 ? undefined : read * 1000;
  throw new CommandRefused(`${name}: expected seconds, 0 or more`);
}

const LONGEST = 1_000;
