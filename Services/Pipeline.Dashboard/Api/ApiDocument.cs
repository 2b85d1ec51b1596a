using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Pipeline.Dashboard.Api;

/// <summary>What the OpenAPI document says beyond what the code says by itself: titles, formats of parameters, examples.</summary>
internal static class ApiDocument
{
    private static readonly Dictionary<string, (JsonSchemaType Type, string? Format, string Example)> Parameters = new()
    {
        ["from"] = (JsonSchemaType.String, "date-time", "2026-01-31T12:00:00Z"),
        ["to"] = (JsonSchemaType.String, "date-time", "2026-01-31T13:00:00Z"),
        ["limit"] = (JsonSchemaType.Integer, "int32", "100"),
        ["user_id"] = (JsonSchemaType.String, "uuid", "3f0f2a6e-6f3c-4f58-9d0e-0a4a86c0a111"),
        ["event_id"] = (JsonSchemaType.String, "uuid", "019b2c5e-7a10-8e3b-9d5c-1f2a3b4c5d6e"),
        ["metric"] = (JsonSchemaType.String, null, "events"),
        ["dimension"] = (JsonSchemaType.String, null, "nationality"),
        ["grain"] = (JsonSchemaType.String, null, "minute"),
        ["dag_id"] = (JsonSchemaType.String, null, "kafka_stream"),
        ["reason_code"] = (JsonSchemaType.String, null, "missing_field"),
    };

    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Pipeline";
            document.Info.Version = "v1";
            document.Info.Description = "Queries over the event pipeline. Lists are paged by key: pass `next_cursor` as `cursor` until it is null. "
                + "Times are UTC in ISO 8601. Errors are problems as RFC 9457 has them.";
            DescribeToken(document);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, _, _) =>
        {
            DescribeParameters(operation);
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonTypeInfo.Type == typeof(RawJson))
            {
                schema.Type = JsonSchemaType.Object;
                schema.AdditionalPropertiesAllowed = true;
            }

            return Task.CompletedTask;
        });
    }

    /// <summary>Documented whether or not this host asks for one: a client that sends a token is right with both.</summary>
    public static void DescribeToken(OpenApiDocument document)
    {
        const string Token = "token";
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[Token] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "One of the tokens of the setting Security:Tokens; without tokens the API is open to its own machine.",
        };
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Token, document)] = [] }];
    }

    private static void DescribeParameters(OpenApiOperation operation)
    {
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
        {
            if (parameter.Name is null || !Parameters.TryGetValue(parameter.Name, out var known))
            {
                continue;
            }

            var schema = new OpenApiSchema { Type = known.Type, Format = known.Format };
            if (parameter.Name == "limit")
            {
                (schema.Minimum, schema.Maximum, schema.Default) = ("1", "1000", JsonValue.Create(ParameterReader.DefaultLimit));
            }

            if (parameter.Name == "grain")
            {
                schema.Enum = [JsonValue.Create("minute"), JsonValue.Create("hour")];
            }

            parameter.Schema = schema;
            parameter.Example = known.Type == JsonSchemaType.Integer ? JsonValue.Create(ParameterReader.DefaultLimit) : JsonValue.Create(known.Example);
        }
    }
}
