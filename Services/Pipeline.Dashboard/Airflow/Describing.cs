using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Dashboard.Api;

namespace Pipeline.Dashboard.Airflow;

/// <summary>What the OpenAPI document says of requests that the endpoints read themselves.</summary>
internal static class Describing
{
    public static RouteHandlerBuilder WithQuery(this RouteHandlerBuilder endpoint, QueryParameters parameters) => endpoint.WithMetadata(parameters);

    public static RouteHandlerBuilder WithBody<T>(this RouteHandlerBuilder endpoint)
        where T : notnull
        => endpoint.Accepts<T>("application/json")
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    public static void Configure(OpenApiOptions options)
    {
        options.ShouldInclude = endpoint => endpoint.GroupName == AirflowApi.DocumentName;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Pipeline: DAGs";
            document.Info.Version = "2";
            document.Info.Description = "Airflow's REST API v2 over the DAGs of this pipeline: its paths, parameters and JSON. What there is nothing behind answers 501 with the reason. "
                + "Errors are problems as RFC 9457 has them.";
            ApiDocument.DescribeToken(document);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(DescribeQuery);
    }

    private static Task DescribeQuery(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<QueryParameters>().FirstOrDefault() is { } parameters)
        {
            operation.Parameters ??= [];
            foreach (var parameter in parameters.All)
            {
                operation.Parameters.Add(new OpenApiParameter { Name = parameter.Name, In = ParameterLocation.Query, Description = parameter.Description, Schema = SchemaOf(parameter) });
            }
        }

        return Task.CompletedTask;
    }

    private static OpenApiSchema SchemaOf(QueryParameter parameter) => parameter.Kind switch
    {
        ParameterKind.Texts => new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
        ParameterKind.Integer => new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "0" },
        ParameterKind.Integers => new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "0" } },
        ParameterKind.Number => new OpenApiSchema { Type = JsonSchemaType.Number },
        ParameterKind.Boolean => new OpenApiSchema { Type = JsonSchemaType.Boolean },
        ParameterKind.Time => new OpenApiSchema { Type = JsonSchemaType.String, Format = "date-time", Examples = [JsonValue.Create("2026-01-31T12:00:00Z")] },
        _ => new OpenApiSchema { Type = JsonSchemaType.String },
    };
}
