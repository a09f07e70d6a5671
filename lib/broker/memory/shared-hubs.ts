import type { Clock } from '../../runtime/clock.js';
import { MemoryHub } from './memory.hub.js';

/** One broker's use of a hub. */
export interface HubLease {
  readonly hub: MemoryHub;
  /** Undefined for a hub of the broker's own. */
  readonly name: string | undefined;
}

interface SharedHub {
  readonly hub: MemoryHub;
  readonly users: Set<HubLease>;
}

/** The one thing of this driver that lives as long as the process: what `memory://name` means in it. */
const sharedHubs = new Map<string, SharedHub>();

/** The hub of a URL: a new one for `memory://`, the one of that name for `memory://name`. Its first user's clock is its clock. */
export function joinHub(url: string, clock: Clock): HubLease {
  const name = nameIn(url);
  if (name === '') return { hub: new MemoryHub(clock), name: undefined };
  const shared = sharedHubs.get(name) ?? { hub: new MemoryHub(clock), users: new Set() };
  sharedHubs.set(name, shared);
  const lease = { hub: shared.hub, name };
  shared.users.add(lease);
  return lease;
}

/** A hub goes with its last user; a shared one stays while messages wait in it for whoever comes next. */
export function leaveHub(lease: HubLease): void {
  const shared = lease.name === undefined ? undefined : sharedHubs.get(lease.name);
  if (lease.name === undefined || shared === undefined) return lease.hub.close();
  shared.users.delete(lease);
  if (shared.users.size > 0 || !shared.hub.empty) return;
  sharedHubs.delete(lease.name);
  shared.hub.close();
}

function nameIn(url: string): string {
  return url.replace(/^memory:(\/\/)?/, '').replace(/\/+$/, '');
}
