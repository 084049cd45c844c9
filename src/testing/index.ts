/** What plugin authors import as `tradsys/testing`. */
export {
  startSimulatedVenue,
  type Fault,
  type SimulatedVenue,
  type SimulatedVenueOptions,
} from "./simulated-venue.ts";
