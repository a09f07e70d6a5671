import { poolConformance } from '../../conformance/pool.conformance.js';

poolConformance('prefork', { hasChildren: true, hasProcesses: true });
