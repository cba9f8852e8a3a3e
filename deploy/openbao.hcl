# OpenBao as docker-compose.yml runs it: reachable from the other containers only, unsealed by a key in its own volume.
# An installation that keeps real secrets names a Vault that is sealed by something else: docs/how-to/keep-secrets.md.
ui           = false
log_level    = "warn"
api_addr     = "http://openbao:8200"
cluster_addr = "http://openbao:8201"

storage "raft" {
  path                   = "/openbao/data"
  node_id                = "brain"
  performance_multiplier = 1
}

listener "tcp" {
  address         = "0.0.0.0:8200"
  cluster_address = "0.0.0.0:8201"
  tls_disable     = true
}

seal "static" {
  current_key_id = "1"
  current_key    = "file:///openbao/data/unseal.key"
}
