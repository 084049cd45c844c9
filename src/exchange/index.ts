/** What trading processes import as `tradsys/exchange`. */
export { AdaptivePluginLoader, Loader, type Scan, type ScanOptions } from "./loader.ts";
export { Manager, type Connector, type ExchangeHost, type ManagerOptions } from "./manager.ts";
export { connectorKey, Registry, type ExchangeConnectorPlugin } from "./registry.ts";
