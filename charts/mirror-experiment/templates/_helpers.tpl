{{/*
Names are fixed, as in deploy/: there is one operator for a cluster or for a namespace, and Helm refuses a second release
there instead of letting two operators write the same objects.
*/}}
{{- define "mirror-experiment.labels" -}}
app.kubernetes.io/name: mirror-experiment
app.kubernetes.io/part-of: mirror-experiment
{{- end }}

{{- define "mirror-experiment.switchLabels" -}}
app.kubernetes.io/component: dead-mans-switch
{{ include "mirror-experiment.labels" . }}
{{- end }}

{{- define "mirror-experiment.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}{{ if .Values.image.tag }}:{{ .Values.image.tag }}{{ end }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ $tag }}
{{- end -}}
{{- end }}

{{/* "Cluster", or nothing for Roles and RoleBindings. */}}
{{- define "mirror-experiment.rolePrefix" -}}
{{- if eq .Values.scope "Cluster" }}Cluster{{ end -}}
{{- end }}

{{/* A setting, or the default that the operator has for it. */}}
{{- define "mirror-experiment.setting" -}}
{{- include "mirror-experiment.text" (dig .name .fallback .root.Values.settings) -}}
{{- end }}

{{/* A value as text. Numbers in full: they are read as floating-point numbers, and large ones shown with an exponent. */}}
{{- define "mirror-experiment.text" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end }}

{{/* Where the pod is. The operator of one namespace works for its own. */}}
{{- define "mirror-experiment.podEnv" -}}
- name: POD_NAME
  valueFrom:
    fieldRef: {fieldPath: metadata.name}
- name: POD_NAMESPACE
  valueFrom:
    fieldRef: {fieldPath: metadata.namespace}
{{- if eq .Values.scope "Namespace" }}
- name: WATCH_NAMESPACE
  valueFrom:
    fieldRef: {fieldPath: metadata.namespace}
{{- end }}
{{- end }}

{{/* Settings beyond those of every installation, in the order of their names. */}}
{{- define "mirror-experiment.settingsEnv" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ include "mirror-experiment.text" $value | quote }}
{{- end }}
{{- end }}

{{- define "mirror-experiment.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "mirror-experiment.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "mirror-experiment.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{- define "mirror-experiment.egress" -}}
- ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
- ports:
{{- range .Values.networkPolicy.egressPorts }}
    - {protocol: TCP, port: {{ include "mirror-experiment.text" . }}}
{{- end }}
{{- end }}
