import { poolConformance } from '../../conformance/pool.conformance.js';

poolConformance('async', { hasChildren: false, hasProcesses: false });
