/** The protocol that is built, against what every protocol promises. */
import { replicationProtocolContract } from './replication-protocol.ts';

replicationProtocolContract('successor', [1]);
