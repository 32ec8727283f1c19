// Hints that several faults of the matrix have in common.

export const CONNECTION =
  "\nhint: check the config's hostname, and that the agent may connect to it (port 443, proxy, firewall)";
export const HOSTNAME = "\nhint: check the config's hostname and any proxy in between";
export const CERTIFICATE = `${HOSTNAME}; the check cannot be turned off`;
export const ISSUER =
  "\nhint: if a proxy of your company inspects TLS, give its authority's certificate (PEM) in the input " +
  '`caCertificate`, or in NODE_EXTRA_CA_CERTS on the agent; the check cannot be turned off';
export const SERVICE = '\nhint: try again later; if other clients work, check the proxy';
export const SLOW =
  '\nhint: if it is only slow, raise the input `timeoutInSeconds`; otherwise check what is between the agent and it';
export const THROTTLE =
  '\nhint: give each pipeline a device of its own, start fewer jobs at once, or raise `timeoutInSeconds`';
export const CLIENT =
  '\nhint: check in Keeper Vault that the device was not removed, has not expired and is not locked to another IP ' +
  'address, and that the config is for this region';
export const PROXY =
  '\nhint: check the proxy that the agent is configured with (`--proxyurl`), or HTTPS_PROXY';
export const LOGIN =
  '\nhint: configure the agent with `--proxyusername` and `--proxypassword`, or let HTTPS_PROXY hold them, percent-encoded';
export const ALLOW =
  "\nhint: have the proxy allow this host, or name it in the agent's `.proxybypass` or in NO_PROXY";
export const ADDRESS = '\nhint: as in `http://proxy.example.com:3128`, or with `https://`';
export const CA =
  '\nhint: give the certificate itself, from `-----BEGIN CERTIFICATE-----` on, or the path of such a file on the agent';
export const EXPIRED =
  '\nhint: run the pipeline again; the address of an attachment is valid for a short time';
export const STORAGE =
  '\nhint: the agent has to be allowed to connect to this host as well (port 443, proxy, firewall)';
export const NEW_CONFIG = '\nhint: make a new config for this application';
