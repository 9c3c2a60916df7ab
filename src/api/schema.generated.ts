// generated from crds/mirrorexperiments.yaml; run npm run generate

import type { StructuralSchema } from './structuralSchema.ts';

/**
 * The API server alone checks these rules, because they are in CEL:
 *
 * the object: self.metadata.name.size() <= 63
 * spec: self.live.version != self.mirror.version
 * spec: self.live.service != self.mirror.service
 * spec: !has(self.mirror.deployment) || !has(self.traffic.envoy.reload) || self.traffic.envoy.reload.workload.kind != 'Deployment' || self.traffic.envoy.reload.workload.name != self.mirror.deployment.name
 * spec: self.analysis.deadlineSeconds > self.analysis.warmupSeconds + self.analysis.settleSeconds + self.analysis.minDurationSeconds
 * spec: !has(self.traffic.ramp) || self.analysis.deadlineSeconds > self.traffic.ramp.map(step, step.seconds).sum() + self.analysis.warmupSeconds + self.analysis.settleSeconds + self.analysis.minDurationSeconds
 * spec: self.analysis.deadlineSeconds <= self.analysis.intervalSeconds * 2880
 * spec: self.analysis.routes.include.all(name, !(name in self.analysis.routes.exclude))
 * spec: self.analysis.routes.include.all(name, name != '(all)' && name != '(other)')
 * spec.mirror.deployment: has(self.replicas) || has(self.containers)
 * spec.mirror.deployment: !has(self.containers) || self.containers.map(container, !has(container.env) ? 0 : container.env.map(variable, size(variable.value)).sum()).sum() <= 65536
 * spec.mirror.deployment.containers[]: has(self.image) || has(self.env)
 * spec.traffic: !has(self.ramp) || self.ramp.map(step, step.percent).isSorted() && self.ramp.all(step, step.percent < self.percent && self.ramp.exists_one(other, other.percent == step.percent))
 * spec.traffic.methods: !('*' in self) || self.size() == 1
 * spec.traffic.envoy: self.liveCluster != self.mirrorCluster
 * spec.traffic.envoy.configMap: !has(self.clustersKey) || self.clustersKey != self.key
 * spec.telemetry.logAnalytics: has(self.workspaceId) != has(self.resourceId)
 * spec.telemetry.logAnalytics: self.table != 'requests' || has(self.resourceId)
 * spec.telemetry.logAnalytics.workspaceId: self.matches('^[0-9a-fA-F-]{36}$')
 * spec.telemetry.logAnalytics.resourceId: self.startsWith('/subscriptions/') && self.split('/').size() == 9
 * spec.analysis.latency[]: self.maxIncreasePercent >= 5 || self.maxIncreaseMilliseconds >= 2
 * spec.analysis.liveGuard.latency[]: self.maxIncreasePercent >= 5 || self.maxIncreaseMilliseconds >= 2
 */
export const specSchema: StructuralSchema = {
  "type": "object",
  "required": [
    "live",
    "mirror",
    "traffic",
    "telemetry"
  ],
  "properties": {
    "live": {
      "type": "object",
      "required": [
        "service",
        "version"
      ],
      "properties": {
        "service": {
          "type": "string",
          "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
          "minLength": 1,
          "maxLength": 63
        },
        "version": {
          "type": "string",
          "minLength": 1,
          "maxLength": 256
        }
      }
    },
    "mirror": {
      "type": "object",
      "required": [
        "service",
        "version"
      ],
      "properties": {
        "service": {
          "type": "string",
          "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
          "minLength": 1,
          "maxLength": 63
        },
        "port": {
          "type": "integer",
          "format": "int32",
          "minimum": 1,
          "maximum": 65535
        },
        "version": {
          "type": "string",
          "minLength": 1,
          "maxLength": 256
        },
        "deployment": {
          "type": "object",
          "required": [
            "name"
          ],
          "properties": {
            "name": {
              "type": "string",
              "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
              "minLength": 1,
              "maxLength": 253
            },
            "replicas": {
              "type": "integer",
              "format": "int32",
              "minimum": 1,
              "maximum": 1000
            },
            "containers": {
              "type": "array",
              "minItems": 1,
              "maxItems": 16,
              "mapKeys": [
                "name"
              ],
              "items": {
                "type": "object",
                "required": [
                  "name"
                ],
                "properties": {
                  "name": {
                    "type": "string",
                    "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
                    "minLength": 1,
                    "maxLength": 63
                  },
                  "image": {
                    "type": "string",
                    "pattern": "^[!-~]+$",
                    "minLength": 1,
                    "maxLength": 1024
                  },
                  "env": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 64,
                    "mapKeys": [
                      "name"
                    ],
                    "items": {
                      "type": "object",
                      "required": [
                        "name",
                        "value"
                      ],
                      "properties": {
                        "name": {
                          "type": "string",
                          "pattern": "^[ -<>-~]+$",
                          "minLength": 1,
                          "maxLength": 253
                        },
                        "value": {
                          "type": "string",
                          "maxLength": 32768
                        }
                      }
                    }
                  }
                }
              }
            }
          }
        }
      }
    },
    "traffic": {
      "type": "object",
      "required": [
        "envoy"
      ],
      "properties": {
        "percent": {
          "type": "integer",
          "default": 100,
          "format": "int32",
          "minimum": 1,
          "maximum": 100
        },
        "ramp": {
          "type": "array",
          "minItems": 1,
          "maxItems": 10,
          "items": {
            "type": "object",
            "required": [
              "percent",
              "seconds"
            ],
            "properties": {
              "percent": {
                "type": "integer",
                "format": "int32",
                "minimum": 1,
                "maximum": 99
              },
              "seconds": {
                "type": "integer",
                "format": "int32",
                "minimum": 5,
                "maximum": 86400
              }
            }
          }
        },
        "methods": {
          "type": "array",
          "default": [
            "GET",
            "HEAD",
            "OPTIONS"
          ],
          "minItems": 1,
          "maxItems": 9,
          "set": true,
          "items": {
            "type": "string",
            "enum": [
              "GET",
              "HEAD",
              "OPTIONS",
              "POST",
              "PUT",
              "PATCH",
              "DELETE",
              "TRACE",
              "*"
            ]
          }
        },
        "envoy": {
          "type": "object",
          "required": [
            "configMap",
            "liveCluster",
            "mirrorCluster"
          ],
          "properties": {
            "configMap": {
              "type": "object",
              "required": [
                "name",
                "key"
              ],
              "properties": {
                "name": {
                  "type": "string",
                  "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
                  "minLength": 1,
                  "maxLength": 253
                },
                "key": {
                  "type": "string",
                  "pattern": "^[-._a-zA-Z0-9]+$",
                  "minLength": 1,
                  "maxLength": 253
                },
                "clustersKey": {
                  "type": "string",
                  "pattern": "^[-._a-zA-Z0-9]+$",
                  "minLength": 1,
                  "maxLength": 253
                }
              }
            },
            "liveCluster": {
              "type": "string",
              "minLength": 1,
              "maxLength": 256
            },
            "mirrorCluster": {
              "type": "string",
              "minLength": 1,
              "maxLength": 256
            },
            "reload": {
              "type": "object",
              "required": [
                "workload"
              ],
              "properties": {
                "workload": {
                  "type": "object",
                  "required": [
                    "name"
                  ],
                  "properties": {
                    "kind": {
                      "type": "string",
                      "default": "Deployment",
                      "enum": [
                        "Deployment",
                        "DaemonSet",
                        "StatefulSet"
                      ]
                    },
                    "name": {
                      "type": "string",
                      "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
                      "minLength": 1,
                      "maxLength": 253
                    }
                  }
                }
              }
            }
          }
        }
      }
    },
    "telemetry": {
      "type": "object",
      "required": [
        "logAnalytics"
      ],
      "properties": {
        "logAnalytics": {
          "type": "object",
          "properties": {
            "workspaceId": {
              "type": "string",
              "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
              "maxLength": 36
            },
            "resourceId": {
              "type": "string",
              "pattern": "^/subscriptions/[^/?#]+/[rR]esource[gG]roups/[^/?#]+/providers/[^/?#]+/[^/?#]+/[^/?#]+$",
              "maxLength": 1024
            },
            "table": {
              "type": "string",
              "default": "AppRequests",
              "enum": [
                "AppRequests",
                "requests"
              ]
            },
            "versionProperty": {
              "type": "string",
              "default": "VersionTag",
              "minLength": 1,
              "maxLength": 256
            }
          }
        }
      }
    },
    "analysis": {
      "type": "object",
      "default": {},
      "properties": {
        "intervalSeconds": {
          "type": "integer",
          "default": 30,
          "format": "int32",
          "minimum": 5,
          "maximum": 3600
        },
        "warmupSeconds": {
          "type": "integer",
          "default": 120,
          "format": "int32",
          "minimum": 0,
          "maximum": 86400
        },
        "settleSeconds": {
          "type": "integer",
          "default": 180,
          "format": "int32",
          "minimum": 1,
          "maximum": 3600
        },
        "minDurationSeconds": {
          "type": "integer",
          "default": 300,
          "format": "int32",
          "minimum": 0,
          "maximum": 604800
        },
        "deadlineSeconds": {
          "type": "integer",
          "default": 3600,
          "format": "int32",
          "minimum": 30,
          "maximum": 1209600
        },
        "falseAlarmPercent": {
          "type": "integer",
          "default": 5,
          "format": "int32",
          "minimum": 1,
          "maximum": 20
        },
        "minRequests": {
          "type": "integer",
          "default": 50,
          "format": "int32",
          "minimum": 10,
          "maximum": 1000000
        },
        "latency": {
          "type": "array",
          "default": [
            {
              "percentile": 50,
              "maxIncreasePercent": 10,
              "maxIncreaseMilliseconds": 20
            },
            {
              "percentile": 95,
              "maxIncreasePercent": 10,
              "maxIncreaseMilliseconds": 20
            },
            {
              "percentile": 99,
              "maxIncreasePercent": 25,
              "maxIncreaseMilliseconds": 50,
              "failOnly": true
            }
          ],
          "minItems": 1,
          "maxItems": 8,
          "mapKeys": [
            "percentile"
          ],
          "items": {
            "type": "object",
            "required": [
              "percentile"
            ],
            "properties": {
              "percentile": {
                "type": "integer",
                "format": "int32",
                "minimum": 1,
                "maximum": 99
              },
              "maxIncreasePercent": {
                "type": "integer",
                "default": 10,
                "format": "int32",
                "minimum": 0,
                "maximum": 10000
              },
              "maxIncreaseMilliseconds": {
                "type": "integer",
                "default": 20,
                "format": "int32",
                "minimum": 0,
                "maximum": 3600000
              },
              "failOnly": {
                "type": "boolean",
                "default": false
              }
            }
          }
        },
        "errors": {
          "type": "object",
          "default": {},
          "properties": {
            "maxIncreaseBasisPoints": {
              "type": "integer",
              "default": 100,
              "format": "int32",
              "minimum": 0,
              "maximum": 5000
            }
          }
        },
        "coverage": {
          "type": "object",
          "default": {},
          "properties": {
            "maxLossPercent": {
              "type": "integer",
              "default": 5,
              "format": "int32",
              "minimum": 0,
              "maximum": 50
            }
          }
        },
        "liveGuard": {
          "type": "object",
          "default": {},
          "properties": {
            "enabled": {
              "type": "boolean",
              "default": true
            },
            "baselineSeconds": {
              "type": "integer",
              "default": 600,
              "format": "int32",
              "minimum": 60,
              "maximum": 86400
            },
            "latency": {
              "type": "array",
              "default": [
                {
                  "percentile": 50,
                  "maxIncreasePercent": 25,
                  "maxIncreaseMilliseconds": 50
                },
                {
                  "percentile": 95,
                  "maxIncreasePercent": 50,
                  "maxIncreaseMilliseconds": 100
                }
              ],
              "minItems": 1,
              "maxItems": 8,
              "mapKeys": [
                "percentile"
              ],
              "items": {
                "type": "object",
                "required": [
                  "percentile"
                ],
                "properties": {
                  "percentile": {
                    "type": "integer",
                    "format": "int32",
                    "minimum": 1,
                    "maximum": 99
                  },
                  "maxIncreasePercent": {
                    "type": "integer",
                    "default": 25,
                    "format": "int32",
                    "minimum": 0,
                    "maximum": 10000
                  },
                  "maxIncreaseMilliseconds": {
                    "type": "integer",
                    "default": 50,
                    "format": "int32",
                    "minimum": 0,
                    "maximum": 3600000
                  }
                }
              }
            },
            "maxIncreaseBasisPoints": {
              "type": "integer",
              "default": 100,
              "format": "int32",
              "minimum": 0,
              "maximum": 5000
            }
          }
        },
        "routes": {
          "type": "object",
          "default": {},
          "properties": {
            "include": {
              "type": "array",
              "default": [],
              "maxItems": 49,
              "set": true,
              "items": {
                "type": "string",
                "minLength": 1,
                "maxLength": 512
              }
            },
            "exclude": {
              "type": "array",
              "default": [],
              "maxItems": 49,
              "set": true,
              "items": {
                "type": "string",
                "minLength": 1,
                "maxLength": 512
              }
            }
          }
        }
      }
    }
  }
};

export const statusSchema: StructuralSchema = {
  "type": "object",
  "properties": {
    "observedGeneration": {
      "type": "integer",
      "format": "int64"
    },
    "verdict": {
      "type": "string",
      "enum": [
        "Pass",
        "Fail",
        "Inconclusive"
      ]
    },
    "summary": {
      "type": "string"
    },
    "startTime": {
      "type": "string",
      "format": "date-time"
    },
    "switchOnTime": {
      "type": "string",
      "format": "date-time"
    },
    "percent": {
      "type": "integer",
      "format": "int32"
    },
    "mirroringSince": {
      "type": "string",
      "format": "date-time"
    },
    "lastAnalysisTime": {
      "type": "string",
      "format": "date-time"
    },
    "completionTime": {
      "type": "string",
      "format": "date-time"
    },
    "targets": {
      "type": "array",
      "maxItems": 8,
      "items": {
        "type": "object",
        "required": [
          "kind",
          "name",
          "patched"
        ],
        "properties": {
          "kind": {
            "type": "string",
            "enum": [
              "ConfigMap",
              "Deployment",
              "DaemonSet",
              "StatefulSet"
            ]
          },
          "name": {
            "type": "string"
          },
          "patched": {
            "type": "boolean"
          }
        }
      }
    },
    "evidence": {
      "type": "string"
    },
    "candidateImage": {
      "type": "string"
    },
    "candidateRestarts": {
      "type": "array",
      "maxItems": 50,
      "items": {
        "type": "object",
        "required": [
          "pod",
          "container",
          "restarts"
        ],
        "properties": {
          "pod": {
            "type": "string",
            "maxLength": 253
          },
          "container": {
            "type": "string",
            "maxLength": 63
          },
          "restarts": {
            "type": "integer",
            "minimum": 0
          }
        }
      }
    },
    "specHash": {
      "type": "string"
    },
    "requests": {
      "type": "object",
      "properties": {
        "live": {
          "type": "integer",
          "format": "int64"
        },
        "mirror": {
          "type": "integer",
          "format": "int64"
        },
        "coveragePercent": {
          "type": "number"
        },
        "sampled": {
          "type": "boolean"
        }
      }
    },
    "latency": {
      "type": "array",
      "mapKeys": [
        "percentile"
      ],
      "items": {
        "type": "object",
        "required": [
          "percentile"
        ],
        "properties": {
          "percentile": {
            "type": "integer",
            "format": "int32"
          },
          "liveMilliseconds": {
            "type": "number"
          },
          "mirrorMilliseconds": {
            "type": "number"
          },
          "deltaMilliseconds": {
            "type": "number"
          },
          "deltaPercent": {
            "type": "number"
          },
          "delta": {
            "type": "string"
          },
          "deltaInterval": {
            "type": "object",
            "properties": {
              "lower": {
                "type": "number"
              },
              "upper": {
                "type": "number"
              }
            }
          }
        }
      }
    },
    "meanLatency": {
      "type": "object",
      "properties": {
        "liveMilliseconds": {
          "type": "number"
        },
        "mirrorMilliseconds": {
          "type": "number"
        },
        "deltaMilliseconds": {
          "type": "number"
        },
        "deltaInterval": {
          "type": "object",
          "properties": {
            "lower": {
              "type": "number"
            },
            "upper": {
              "type": "number"
            }
          }
        }
      }
    },
    "errors": {
      "type": "object",
      "properties": {
        "livePercent": {
          "type": "number"
        },
        "mirrorPercent": {
          "type": "number"
        },
        "deltaPercentagePoints": {
          "type": "number"
        },
        "delta": {
          "type": "string"
        },
        "deltaInterval": {
          "type": "object",
          "properties": {
            "lower": {
              "type": "number"
            },
            "upper": {
              "type": "number"
            }
          }
        }
      }
    },
    "progress": {
      "type": "array",
      "maxItems": 10,
      "mapKeys": [
        "gate"
      ],
      "items": {
        "type": "object",
        "required": [
          "gate",
          "verdict",
          "towardsFailPercent"
        ],
        "properties": {
          "gate": {
            "type": "string"
          },
          "verdict": {
            "type": "string",
            "enum": [
              "Pass",
              "Fail",
              "Running",
              "Inconclusive"
            ]
          },
          "towardsFailPercent": {
            "type": "integer",
            "format": "int32",
            "minimum": 0,
            "maximum": 100
          },
          "towardsPassPercent": {
            "type": "integer",
            "format": "int32",
            "minimum": 0,
            "maximum": 100
          }
        }
      }
    },
    "routes": {
      "type": "array",
      "maxItems": 10,
      "mapKeys": [
        "name"
      ],
      "items": {
        "type": "object",
        "required": [
          "name",
          "verdict"
        ],
        "properties": {
          "name": {
            "type": "string"
          },
          "verdict": {
            "type": "string",
            "enum": [
              "Pass",
              "Fail",
              "Running",
              "Inconclusive"
            ]
          },
          "reason": {
            "type": "string"
          },
          "requests": {
            "type": "object",
            "properties": {
              "live": {
                "type": "integer",
                "format": "int64"
              },
              "mirror": {
                "type": "integer",
                "format": "int64"
              }
            }
          },
          "latency": {
            "type": "array",
            "mapKeys": [
              "percentile"
            ],
            "items": {
              "type": "object",
              "required": [
                "percentile"
              ],
              "properties": {
                "percentile": {
                  "type": "integer",
                  "format": "int32"
                },
                "liveMilliseconds": {
                  "type": "number"
                },
                "mirrorMilliseconds": {
                  "type": "number"
                },
                "deltaMilliseconds": {
                  "type": "number"
                },
                "deltaPercent": {
                  "type": "number"
                },
                "delta": {
                  "type": "string"
                },
                "deltaInterval": {
                  "type": "object",
                  "properties": {
                    "lower": {
                      "type": "number"
                    },
                    "upper": {
                      "type": "number"
                    }
                  }
                }
              }
            }
          },
          "errors": {
            "type": "object",
            "properties": {
              "livePercent": {
                "type": "number"
              },
              "mirrorPercent": {
                "type": "number"
              },
              "deltaPercentagePoints": {
                "type": "number"
              },
              "delta": {
                "type": "string"
              },
              "deltaInterval": {
                "type": "object",
                "properties": {
                  "lower": {
                    "type": "number"
                  },
                  "upper": {
                    "type": "number"
                  }
                }
              }
            }
          }
        }
      }
    },
    "routesLeftOut": {
      "type": "integer",
      "format": "int32"
    },
    "live": {
      "type": "object",
      "properties": {
        "lookTime": {
          "type": "string",
          "format": "date-time"
        },
        "before": {
          "type": "object",
          "properties": {
            "from": {
              "type": "string",
              "format": "date-time"
            },
            "to": {
              "type": "string",
              "format": "date-time"
            },
            "requests": {
              "type": "integer",
              "format": "int64"
            },
            "errorsPercent": {
              "type": "number"
            },
            "latency": {
              "type": "array",
              "maxItems": 8,
              "mapKeys": [
                "percentile"
              ],
              "items": {
                "type": "object",
                "required": [
                  "percentile"
                ],
                "properties": {
                  "percentile": {
                    "type": "integer",
                    "format": "int32"
                  },
                  "milliseconds": {
                    "type": "number"
                  }
                }
              }
            }
          }
        },
        "since": {
          "type": "object",
          "properties": {
            "from": {
              "type": "string",
              "format": "date-time"
            },
            "to": {
              "type": "string",
              "format": "date-time"
            },
            "requests": {
              "type": "integer",
              "format": "int64"
            },
            "errorsPercent": {
              "type": "number"
            },
            "latency": {
              "type": "array",
              "maxItems": 8,
              "mapKeys": [
                "percentile"
              ],
              "items": {
                "type": "object",
                "required": [
                  "percentile"
                ],
                "properties": {
                  "percentile": {
                    "type": "integer",
                    "format": "int32"
                  },
                  "milliseconds": {
                    "type": "number"
                  }
                }
              }
            }
          }
        }
      }
    },
    "conditions": {
      "type": "array",
      "mapKeys": [
        "type"
      ],
      "items": {
        "type": "object",
        "required": [
          "type",
          "status",
          "reason",
          "message",
          "lastTransitionTime",
          "observedGeneration"
        ],
        "properties": {
          "type": {
            "type": "string",
            "enum": [
              "Accepted",
              "CandidateReady",
              "Mirroring",
              "TelemetryFlowing",
              "LiveHealthy",
              "OnSchedule",
              "Complete",
              "Passed"
            ]
          },
          "status": {
            "type": "string",
            "enum": [
              "True",
              "False",
              "Unknown"
            ]
          },
          "reason": {
            "type": "string",
            "pattern": "^[A-Z][A-Za-z0-9]*$",
            "minLength": 1,
            "maxLength": 64
          },
          "message": {
            "type": "string",
            "maxLength": 4096
          },
          "lastTransitionTime": {
            "type": "string",
            "format": "date-time"
          },
          "observedGeneration": {
            "type": "integer",
            "format": "int64"
          }
        }
      }
    }
  }
};
