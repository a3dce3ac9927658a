using System.Text;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Nodes.Variables;

/// <summary>Builds a container's environment: the cluster's variables, then <c>envFrom</c>, then <c>env</c> in order, later ones winning.</summary>
internal sealed class ContainerVariables(NodeObjects objects, IReadOnlyDictionary<string, string> cluster)
{
    /// <param name="pod">The pod.</param>
    /// <param name="container">One of its containers.</param>
    /// <param name="addresses">The pod's addresses.</param>
    /// <exception cref="ReferenceException">A ConfigMap, Secret, key or field is missing and not optional.</exception>
    public Dictionary<string, string> Build(Pod pod, Container container, PodAddresses addresses)
    {
        string @namespace = pod.Metadata.Namespace ?? "default";
        var result = new Dictionary<string, string>(cluster, StringComparer.Ordinal);
        foreach (EnvFromSource source in container.EnvFrom)
            AddAll(result, @namespace, source);
        // References see the variables before them, and the cluster's.
        foreach (EnvVar variable in container.Env)
        {
            string? value = variable.ValueFrom is { } from
                ? Value(pod, container, addresses, @namespace, from)
                : VariableExpansion.Expand(variable.Value ?? "", result);
            if (value is not null)
                result[variable.Name] = value;
        }
        return result;
    }

    private string? Value(Pod pod, Container container, PodAddresses addresses, string @namespace, EnvVarSource source)
    {
        if (source.FieldRef is { } field)
            return PodFields.Value(pod, addresses, field.FieldPath);
        if (source.ResourceFieldRef is { } resource)
            return PodFields.Resource(pod, container.Name, resource);
        if (source.ConfigMapKeyRef is { } configMap)
        {
            ConfigMap? found = objects.ConfigMap(@namespace, configMap.Name);
            return Required(found?.Data.GetValueOrDefault(configMap.Key), found is null, "configmap", @namespace, configMap);
        }
        if (source.SecretKeyRef is { } secret)
        {
            Secret? found = objects.Secret(@namespace, secret.Name);
            string? value = found?.Data.GetValueOrDefault(secret.Key);
            return Required(value is null ? null : Text(value), found is null, "secret", @namespace, secret);
        }
        return "";
    }

    private static string? Required(string? value, bool objectMissing, string kind, string @namespace, KeySelector selector)
    {
        if (value is not null || selector.Optional == true)
            return value;
        throw new ReferenceException(objectMissing
            ? $"{kind} \"{selector.Name}\" not found"
            : $"couldn't find key {selector.Key} in {(kind == "secret" ? "Secret" : "ConfigMap")} {@namespace}/{selector.Name}");
    }

    private void AddAll(Dictionary<string, string> result, string @namespace, EnvFromSource source)
    {
        if (source.ConfigMapRef is { } configMap)
        {
            IReadOnlyDictionary<string, string>? data = objects.ConfigMap(@namespace, configMap.Name)?.Data;
            if (data is null && configMap.Optional != true)
                throw new ReferenceException($"configmap \"{configMap.Name}\" not found");
            foreach ((string key, string value) in data ?? result.Take(0).ToDictionary())
                AddOne(result, source.Prefix + key, value);
        }
        if (source.SecretRef is { } secret)
        {
            IReadOnlyDictionary<string, string>? data = objects.Secret(@namespace, secret.Name)?.Data;
            if (data is null && secret.Optional != true)
                throw new ReferenceException($"secret \"{secret.Name}\" not found");
            foreach ((string key, string value) in data ?? result.Take(0).ToDictionary())
                AddOne(result, source.Prefix + key, Text(value));
        }
    }

    /// <summary>Keys that no environment can carry are left out.</summary>
    private static void AddOne(Dictionary<string, string> result, string name, string value)
    {
        if (name.Length > 0 && !name.Contains('=') && !name.Contains('\0'))
            result[name] = value;
    }

    private static string Text(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));
}
