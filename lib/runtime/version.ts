/** Of this package, as monitors show it beside the name. */
export const VERSION = '0.1.0';
