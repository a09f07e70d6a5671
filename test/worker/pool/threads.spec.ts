import { poolConformance } from '../../conformance/pool.conformance.js';

poolConformance('threads', { hasChildren: true, hasProcesses: false });
