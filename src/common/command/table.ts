/**
 * The commands of Piazza, one row each, as Redis 7.0 describes its own.
 *
 * A row of `client|id` is a subcommand of `client`. Columns stand two or more blanks apart; `-` is
 * an empty cell. The arity counts the command's own name, and a negative one means "at least".
 * `keys` are the positions of the first key, the last (negative: from the end) and the step. This
 * file is words only: `registry.ts` reads it once, when it is loaded, and refuses a broken row.
 */
export const commandTable = `
name                     arity  kind        keys    flags                                           area        key flags                        group       since   summary
get                      2      read        1 1 1   readonly fast                                   string      RO access                        string      1.0.0   Get the value of a key
set                      -3     write       1 1 1   write denyoom                                   string      RW access update variable_flags  string      1.0.0   Set the string value of a key
setnx                    3      write       1 1 1   write denyoom fast                              string      OW insert                        string      1.0.0   Set the value of a key, only if the key does not exist
setex                    4      write       1 1 1   write denyoom                                   string      OW update                        string      2.0.0   Set the value and expiration of a key
psetex                   4      write       1 1 1   write denyoom                                   string      OW update                        string      2.6.0   Set the value and expiration in milliseconds of a key
getset                   3      write       1 1 1   write denyoom fast                              string      RW access update                 string      1.0.0   Set the string value of a key and return its old value
getdel                   2      write       1 1 1   write fast                                      string      RW access delete                 string      6.2.0   Get the value of a key and delete the key
getex                    -2     write       1 1 1   write fast                                      string      RW access update                 string      6.2.0   Get the value of a key and optionally set its expiration
mget                     -2     read        1 -1 1  readonly fast                                   string      RO access                        string      1.0.0   Get the values of all the given keys
mset                     -3     write       1 -1 2  write denyoom                                   string      OW update                        string      1.0.1   Set multiple keys to multiple values
strlen                   2      read        1 1 1   readonly fast                                   string      RO                               string      2.2.0   Get the length of the value stored in a key
append                   3      write       1 1 1   write denyoom fast                              string      RW insert                        string      2.0.0   Append a value to a key
incr                     2      write       1 1 1   write denyoom fast                              string      RW access update                 string      1.0.0   Increment the integer value of a key by one
decr                     2      write       1 1 1   write denyoom fast                              string      RW access update                 string      1.0.0   Decrement the integer value of a key by one
incrby                   3      write       1 1 1   write denyoom fast                              string      RW access update                 string      1.0.0   Increment the integer value of a key by the given amount
decrby                   3      write       1 1 1   write denyoom fast                              string      RW access update                 string      1.0.0   Decrement the integer value of a key by the given number
incrbyfloat              3      write       1 1 1   write denyoom fast                              string      RW access update                 string      2.6.0   Increment the float value of a key by the given amount
getrange                 4      read        1 1 1   readonly                                        string      RO access                        string      2.4.0   Get a substring of the string stored at a key
substr                   4      read        1 1 1   readonly                                        string      RO access                        string      1.0.0   Get a substring of the string stored at a key
setrange                 4      write       1 1 1   write denyoom                                   string      RW update                        string      2.2.0   Overwrite part of a string at key starting at the specified offset
del                      -2     write       1 -1 1  write                                           keyspace    RM delete                        generic     1.0.0   Delete a key
unlink                   -2     write       1 -1 1  write fast                                      keyspace    RM delete                        generic     4.0.0   Delete a key; the room is given back later
exists                   -2     read        1 -1 1  readonly fast                                   keyspace    RO                               generic     1.0.0   Determine if a key exists
type                     2      read        1 1 1   readonly fast                                   keyspace    RO                               generic     1.0.0   Determine the type stored at key
expire                   -3     write       1 1 1   write fast                                      keyspace    RW update                        generic     1.0.0   Set a key's time to live in seconds
pexpire                  -3     write       1 1 1   write fast                                      keyspace    RW update                        generic     2.6.0   Set a key's time to live in milliseconds
expireat                 -3     write       1 1 1   write fast                                      keyspace    RW update                        generic     1.2.0   Set the expiration for a key as a UNIX timestamp
pexpireat                -3     write       1 1 1   write fast                                      keyspace    RW update                        generic     2.6.0   Set the expiration for a key as a UNIX timestamp specified in milliseconds
ttl                      2      read        1 1 1   readonly fast                                   keyspace    RO access                        generic     1.0.0   Get the time to live for a key in seconds
pttl                     2      read        1 1 1   readonly fast                                   keyspace    RO access                        generic     2.6.0   Get the time to live for a key in milliseconds
expiretime               2      read        1 1 1   readonly fast                                   keyspace    RO access                        generic     7.0.0   Get the expiration Unix timestamp for a key
pexpiretime              2      read        1 1 1   readonly fast                                   keyspace    RO access                        generic     7.0.0   Get the expiration Unix timestamp for a key in milliseconds
persist                  2      write       1 1 1   write fast                                      keyspace    RW update                        generic     2.2.0   Remove the expiration from a key
ping                     -1     connection  0 0 0   fast                                            connection  -                                connection  1.0.0   Ping the server
echo                     2      connection  0 0 0   loading stale fast                              connection  -                                connection  1.0.0   Echo the given string
hello                    -1     connection  0 0 0   noscript loading stale fast no_auth allow_busy  connection  -                                connection  6.0.0   Handshake with Redis
quit                     -1     connection  0 0 0   noscript loading stale fast no_auth allow_busy  connection  -                                connection  1.0.0   Close the connection
reset                    1      connection  0 0 0   noscript loading stale fast no_auth allow_busy  connection  -                                connection  6.2.0   Reset the connection
select                   2      connection  0 0 0   loading stale fast                              connection  -                                connection  1.0.0   Change the selected database for the current connection
auth                     -2     connection  0 0 0   noscript loading stale fast no_auth allow_busy  connection  -                                connection  1.0.0   Authenticate to the server
client                   -2     connection  0 0 0   -                                               -           -                                connection  2.4.0   A container for client connection commands
client|id                2      connection  0 0 0   noscript loading stale                          connection  -                                connection  5.0.0   Returns the client ID for the current connection
client|getname           2      connection  0 0 0   noscript loading stale                          connection  -                                connection  2.6.9   Get the current connection name
client|setname           3      connection  0 0 0   noscript loading stale                          connection  -                                connection  2.6.9   Set the current connection name
client|setinfo           4      connection  0 0 0   noscript loading stale                          connection  -                                connection  7.2.0   Set information specific to the client or connection
client|list              -2     connection  0 0 0   admin noscript loading stale                    connection  -                                connection  2.4.0   Get the list of client connections
client|info              2      connection  0 0 0   noscript loading stale                          connection  -                                connection  6.2.0   Returns information about the current client connection
client|help              2      connection  0 0 0   loading stale                                   connection  -                                connection  5.0.0   Show helpful text about the different subcommands
readonly                 1      connection  0 0 0   loading stale fast                              connection  -                                cluster     3.0.0   Enables read queries for a connection to a cluster replica node
readwrite                1      connection  0 0 0   loading stale fast                              connection  -                                cluster     3.0.0   Disables read queries for a connection to a cluster replica node
asking                   1      connection  0 0 0   fast                                            connection  -                                cluster     3.0.0   Sent by cluster clients after an -ASK redirect
command                  -1     server      0 0 0   loading stale                                   connection  -                                server      2.8.13  Get array of Redis command details
command|count            2      server      0 0 0   loading stale                                   connection  -                                server      2.8.13  Get total number of Redis commands
command|docs             -2     server      0 0 0   loading stale                                   connection  -                                server      7.0.0   Get array of specific Redis command documentation
command|info             -2     server      0 0 0   loading stale                                   connection  -                                server      2.8.13  Get array of specific Redis command details, or all when no argument is given
command|list             -2     server      0 0 0   loading stale                                   connection  -                                server      7.0.0   Get an array of Redis command names
command|getkeys          -4     server      0 0 0   loading stale                                   connection  -                                server      2.8.13  Extract keys given a full Redis command
command|help             2      server      0 0 0   loading stale                                   connection  -                                server      5.0.0   Show helpful text about the different subcommands
config                   -2     server      0 0 0   -                                               -           -                                server      2.0.0   A container for server configuration commands
config|get               -3     server      0 0 0   admin noscript loading stale                    -           -                                server      2.0.0   Get the values of configuration parameters
config|help              2      server      0 0 0   loading stale                                   -           -                                server      5.0.0   Show helpful text about the different subcommands
info                     -1     server      0 0 0   loading stale                                   dangerous   -                                server      1.0.0   Get information and statistics about the server
dbsize                   1      server      0 0 0   readonly fast                                   keyspace    -                                server      1.0.0   Return the number of keys in the selected database
cluster                  -2     cluster     0 0 0   -                                               -           -                                cluster     3.0.0   A container for cluster commands
cluster|slots            2      cluster     0 0 0   stale                                           -           -                                cluster     3.0.0   Get array of Cluster slot to node mappings
cluster|shards           2      cluster     0 0 0   stale                                           -           -                                cluster     7.0.0   Get array of cluster slots to node mappings
cluster|nodes            2      cluster     0 0 0   stale                                           -           -                                cluster     3.0.0   Get Cluster config for the node
cluster|info             2      cluster     0 0 0   stale                                           -           -                                cluster     3.0.0   Provides info about Redis Cluster node state
cluster|keyslot          3      cluster     0 0 0   stale                                           -           -                                cluster     3.0.0   Returns the hash slot of the specified key
cluster|myid             2      cluster     0 0 0   stale                                           -           -                                cluster     3.0.0   Return the node id
cluster|countkeysinslot  3      cluster     0 0 0   stale                                           -           -                                cluster     3.0.0   Return the number of local keys in the specified hash slot
cluster|help             2      cluster     0 0 0   loading stale                                   -           -                                cluster     5.0.0   Show helpful text about the different subcommands
keyrange                 1        cluster     0 0 0   stale                                           -           -                                cluster     0.1.0   Say who owns which part of the ring, as runs of slots
keyrange_read            1        cluster     0 0 0   stale                                           -           -                                cluster     0.1.0   Say who may be read for which part of the ring, the owner first
`;

/** Redis' hints to clients about how an answer behaves, for the few commands that have any. */
export const commandTips: Readonly<Record<string, string>> = {
  mget: 'request_policy:multi_shard',
  mset: 'request_policy:multi_shard response_policy:all_succeeded',
  del: 'request_policy:multi_shard response_policy:agg_sum',
  unlink: 'request_policy:multi_shard response_policy:agg_sum',
  exists: 'request_policy:multi_shard response_policy:agg_sum',
  ttl: 'nondeterministic_output',
  pttl: 'nondeterministic_output',
  ping: 'request_policy:all_shards response_policy:all_succeeded',
  'client|list': 'nondeterministic_output',
  'client|info': 'nondeterministic_output',
  command: 'nondeterministic_output_order',
  'command|docs': 'nondeterministic_output_order',
  'command|info': 'nondeterministic_output_order',
  'command|list': 'nondeterministic_output_order',
  info: 'nondeterministic_output request_policy:all_shards response_policy:special',
  dbsize: 'request_policy:all_shards response_policy:agg_sum',
  'cluster|slots': 'nondeterministic_output',
  'cluster|shards': 'nondeterministic_output',
  'cluster|nodes': 'nondeterministic_output',
  'cluster|info': 'nondeterministic_output',
  keyrange: 'nondeterministic_output',
  keyrange_read: 'nondeterministic_output',
};
