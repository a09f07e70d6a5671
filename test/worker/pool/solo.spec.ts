import { poolConformance } from '../../conformance/pool.conformance.js';

poolConformance('solo', { hasChildren: false, hasProcesses: false });
